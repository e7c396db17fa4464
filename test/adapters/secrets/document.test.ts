import { inspect } from 'node:util';
import { expect } from 'chai';
import type { JWK } from 'jose';
import type { SecretsDocument } from '../../../adapters/secrets/document.ts';
import { createSecrets, newSigningKey } from '../../../adapters/secrets/keys.ts';
import { ARN, failure, from, fromText, NOW } from './loading.ts';

async function newRsaKey(): Promise<JWK> {
  const { jwk } = await newSigningKey('RS256', { status: 'active', createdAt: 0 });
  return jwk;
}

describe('the document of secrets', () => {
  let made: SecretsDocument;
  let other: JWK;
  before(async () => {
    made = await createSecrets(NOW);
    other = await newRsaKey();
  });

  const aKey = (alg: string) => {
    const entry = made.signingKeys.find(({ jwk }) => jwk.alg === alg);
    return entry ?? expect.fail(`no ${alg} key`);
  };

  describe('in rotation', () => {
    it('put the signing key first, the next one before retired ones', async () => {
      const others = await Promise.all([createSecrets(NOW), createSecrets(NOW)]);
      const [next, retired] = others.map(({ signingKeys }) =>
        signingKeys.filter(({ jwk }) => jwk.alg === 'RS256'),
      );
      const document = {
        ...made,
        signingKeys: [
          ...(retired ?? []).map((entry) => ({ ...entry, status: 'retired', retiredAt: 1 })),
          ...(next ?? []).map((entry) => ({ ...entry, status: 'next' })),
          ...made.signingKeys,
        ],
      };
      const { signingKeys } = await from(document);
      expect(signingKeys.filter(({ alg }) => alg === 'RS256').map(({ kid }) => kid)).to.deep.equal([
        aKey('RS256').jwk.kid,
        next?.[0]?.jwk.kid,
        retired?.[0]?.jwk.kid,
      ]);
    });

    it('put the cookie key and pepper in use first, the next one before retired ones', async () => {
      const others = [await createSecrets(new Date(0)), await createSecrets(new Date(1e12))];
      const [retired, next] = others.map(({ cookieKeys, peppers }, index) => {
        const stated = { status: index === 0 ? 'retired' : 'next' };
        return {
          cookieKeys: cookieKeys.map((entry) => ({ ...entry, ...stated })),
          peppers: peppers.map((entry) => ({ ...entry, ...stated })),
        };
      });
      const mixed = [next, made, retired];
      const { cookieKeys, peppers } = await from({
        ...made,
        cookieKeys: mixed.flatMap((document) => document?.cookieKeys ?? []),
        peppers: mixed.flatMap((document) => document?.peppers ?? []),
      });
      const inOrder = [made, next, retired];
      expect(cookieKeys).to.deep.equal(inOrder.map((document) => document?.cookieKeys[0]?.value));
      expect(peppers.map(({ id }) => id)).to.deep.equal(inOrder.map((document) => document?.peppers[0]?.id));
    });
  });

  describe('with mistakes', () => {
    const cases: Record<string, [change: (document: SecretsDocument) => unknown, ...faults: string[]]> = {
      'an unknown version': [
        (document) => ({ ...document, version: 2 }),
        'version: must be 1, the only version that this server knows',
      ],
      'no list of keys': [
        ({ signingKeys: _, ...rest }) => rest,
        'signingKeys: is missing or not of type array',
      ],
      'an unknown field': [(document) => ({ ...document, pepper: 'x' }), 'Unrecognized key: "pepper"'],
      'no active key': [
        (document) => ({
          ...document,
          signingKeys: document.signingKeys.map((entry) => ({ ...entry, status: 'next' })),
        }),
        'signingKeys: must hold exactly one active RS256 key, not 0',
        'signingKeys: must hold exactly one active ES256 key, not 0',
      ],
      'the same key twice': [
        (document) => ({
          ...document,
          signingKeys: [...document.signingKeys, { ...aKey('ES256'), status: 'retired' }],
        }),
        'signingKeys[2].jwk.kid: must not repeat',
      ],
      'the same pepper twice': [
        (document) => ({ ...document, peppers: [...document.peppers, ...document.peppers] }),
        'peppers: must hold exactly one active entry, not 2',
        'peppers[1].id: must not repeat',
      ],
      'a status that only some have': [
        (document) => ({
          ...document,
          cookieKeys: [...document.cookieKeys, { createdAt: 0, value: document.cookieKeys[0]?.value }],
        }),
        'cookieKeys[1].status: is missing, while others have one',
      ],
      'a short cookie key and pepper': [
        (document) => ({
          ...document,
          cookieKeys: [{ createdAt: 0, value: 'c2hvcnQ' }],
          peppers: [{ id: 'a', createdAt: 0, value: 'c2hvcnQ' }],
        }),
        'cookieKeys[0].value: must be 32 bytes or more',
        'peppers[0].value: must be 32 bytes',
      ],
      'a small RSA key': [
        (document) => ({
          ...document,
          signingKeys: [{ ...aKey('RS256'), jwk: { ...aKey('RS256').jwk, n: 'abcd' } }, aKey('ES256')],
        }),
        'signingKeys[0].jwk.n: must be 2048 bits or more',
      ],
      'a public key': [
        (document) => ({
          ...document,
          signingKeys: [aKey('RS256'), { ...aKey('ES256'), jwk: { ...aKey('ES256').jwk, d: undefined } }],
        }),
        'signingKeys[1].jwk.d: is missing or not of type string',
      ],
      'a key of which a part is another key’s': [
        (document) => ({
          ...document,
          signingKeys: [{ ...aKey('RS256'), jwk: { ...aKey('RS256').jwk, n: other.n } }, aKey('ES256')],
        }),
        'signingKeys[0].jwk: its parts are not those of one key',
      ],
      'a key that is no point of its curve': [
        (document) => ({
          ...document,
          signingKeys: [aKey('RS256'), { ...aKey('ES256'), jwk: { ...aKey('ES256').jwk, x: 'abcd' } }],
        }),
        'signingKeys[1].jwk: is not a usable private key',
      ],
    };
    for (const [name, [change, ...faults]] of Object.entries(cases)) {
      it(`name ${name}`, async () => {
        const error = await failure(from(change(made)));
        expect(error.code).to.equal('secrets_invalid');
        expect(error.faults).to.deep.equal(faults.map((fault) => `${ARN}: ${fault}`));
      });
    }

    it('keep every value out of what is said', async () => {
      const text = JSON.stringify(made);
      const broken = await failure(fromText(`${text.slice(0, -1)} oops`));
      const mistyped = await failure(
        from({ ...made, cookieKeys: [{ createdAt: 'now', value: `!${made.cookieKeys[0]?.value}` }] }),
      );
      for (const error of [broken, mistyped]) {
        const shown = inspect(error, { depth: 9, showHidden: true });
        for (const { value } of [...made.cookieKeys, ...made.peppers]) expect(shown).not.to.contain(value);
        expect(shown).not.to.contain(aKey('ES256').jwk.d);
      }
    });
  });

  it('show nothing when printed, logged or serialised', async () => {
    const secrets = await from(made);
    const summary = '[Secrets: 2 signing keys, 1 cookie keys, 1 peppers]';
    expect(inspect(secrets)).to.equal(summary);
    expect(inspect({ deps: { secrets } }, { depth: 9, breakLength: 200 })).to.equal(
      `{ deps: { secrets: ${summary} } }`,
    );
    expect(JSON.stringify({ secrets })).to.equal(JSON.stringify({ secrets: summary }));
    expect(`${secrets}`).to.equal(summary);
  });
});
