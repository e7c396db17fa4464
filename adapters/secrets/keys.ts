/** Making keys: the server's own, by kind. */
import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { parseSecretsDocument, type SecretsDocument, type Stated } from './document.ts';

/** What a server can sign with: RS256 and ES256 always, EdDSA (Ed25519) where an operator adds a key. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

type Entry<Kind extends 'signingKeys' | 'cookieKeys' | 'peppers'> = SecretsDocument[Kind][number];

/** A new signing key: a private JWK whose `kid` is its RFC 7638 thumbprint. */
export async function newSigningKey(alg: SigningAlgorithm, stated: Stated): Promise<Entry<'signingKeys'>> {
  const { privateKey } = await generateKeyPair(alg, { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { ...stated, jwk: { ...jwk, kid, alg, use: 'sig' } as Entry<'signingKeys'>['jwk'] };
}

/** A new key for cookies. */
export function newCookieKey(stated: Stated): Entry<'cookieKeys'> {
  return { ...stated, value: randomValue() };
}

/** A new pepper. */
export function newPepper(stated: Stated): Entry<'peppers'> {
  return { id: randomBytes(4).toString('hex'), ...stated, value: randomValue() };
}

/** New keys, all in use: RS256 (2048 bits) and ES256, a cookie key, a pepper and a pairwise key of 32 random bytes each. */
export async function createSecrets(now: Date): Promise<SecretsDocument> {
  const createdAt = Math.floor(now.getTime() / 1000);
  const stated = { status: 'active', createdAt } as const;
  return parseSecretsDocument('new secrets', {
    version: 1,
    signingKeys: await Promise.all([newSigningKey('RS256', stated), newSigningKey('ES256', stated)]),
    cookieKeys: [newCookieKey(stated)],
    peppers: [newPepper(stated)],
    pairwiseKey: { createdAt, value: randomValue() },
  });
}

function randomValue(): string {
  return randomBytes(32).toString('base64url');
}
