import { CompactSign, compactVerify, importJWK } from 'jose';
import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { SecretsError } from './error.ts';

/*
 * The secrets file, version 1. One JSON object, in a file of mode 0600 or as the text of a Secrets Manager secret:
 *
 *   {
 *     "version": 1,
 *     "signingKeys": [{ "status": "active", "createdAt": 1764000000, "jwk": { "kty": "RSA", "kid": …, "alg": "RS256", "use": "sig", "n": …, "d": … } }],
 *     "cookieKeys":  [{ "status": "active", "createdAt": 1764000000, "value": "<32 bytes or more, base64url>" }],
 *     "peppers":     [{ "id": "5d41402a", "status": "active", "createdAt": 1764000000, "value": "<32 bytes, base64url>" }],
 *     "pairwiseKey": { "createdAt": 1764000000, "value": "<32 bytes, base64url>" }
 *   }
 *
 * Times are unix seconds. Every key is `next` (known to all processes, not used yet), then `active` (used; exactly one
 * cookie key, one pepper, and one signing key for RS256 and for ES256), then `retired` (what was made with it still
 * holds; `retiredAt` says since when). The pairwise key never changes.
 *
 * A file of before this had no status at cookie keys and peppers, the newest being used, and no pairwise key: the oldest
 * pepper was it. Such a file is read as what it meant; see `asToday`.
 */

const time = z.int().check(z.minimum(0));
const base64url = z.string().check(z.regex(/^[A-Za-z0-9_-]+$/, 'must be base64url'));
const bytesOf = (text: string) => Buffer.from(text, 'base64url').length;
const publicParts = { kid: z.string().check(z.minLength(1), z.maxLength(200)), use: z.literal('sig') };

const jwk = z.discriminatedUnion('kty', [
  z.object({
    ...publicParts,
    kty: z.literal('RSA'),
    alg: z.literal('RS256'),
    n: base64url.check(z.refine((n) => bytesOf(n) >= 256, 'must be 2048 bits or more')),
    e: base64url,
    d: base64url,
    p: base64url,
    q: base64url,
    dp: base64url,
    dq: base64url,
    qi: base64url,
  }),
  z.object({
    ...publicParts,
    kty: z.literal('EC'),
    alg: z.literal('ES256'),
    crv: z.literal('P-256'),
    x: base64url,
    y: base64url,
    d: base64url,
  }),
  z.object({
    ...publicParts,
    kty: z.literal('OKP'),
    alg: z.enum(['EdDSA', 'Ed25519']),
    crv: z.literal('Ed25519'),
    x: base64url,
    d: base64url,
  }),
]);

const status = z.enum(['next', 'active', 'retired']);
const stated = { status: z.optional(status), createdAt: time, retiredAt: z.optional(time) };
const secretValue = base64url.check(z.refine((value) => bytesOf(value) === 32, 'must be 32 bytes'));
const MOST_OF_A_KIND = 30;

const documentSchema = z.strictObject({
  version: z.literal(1, 'must be 1, the only version that this server knows'),
  signingKeys: z
    .array(z.strictObject({ status, createdAt: time, retiredAt: z.optional(time), jwk }))
    .check(z.maxLength(MOST_OF_A_KIND)),
  cookieKeys: z
    .array(
      z.strictObject({
        ...stated,
        value: base64url.check(z.refine((value) => bytesOf(value) >= 32, 'must be 32 bytes or more')),
      }),
    )
    .check(z.minLength(1), z.maxLength(MOST_OF_A_KIND)),
  peppers: z
    .array(
      z.strictObject({
        id: z.string().check(z.regex(/^[A-Za-z0-9]{1,16}$/, 'must be 1 to 16 letters and digits')),
        ...stated,
        value: secretValue,
      }),
    )
    .check(z.minLength(1), z.maxLength(MOST_OF_A_KIND)),
  pairwiseKey: z.optional(z.strictObject({ createdAt: time, value: secretValue })),
});

type Written = z.output<typeof documentSchema>;

/** Where a key stands in its rotation; `retiredAt` only where it is retired. */
export interface Stated {
  readonly status: z.output<typeof status>;
  readonly createdAt: number;
  readonly retiredAt?: number | undefined;
}

/** The content of a secrets file. Secret as a whole: never log it. */
export interface SecretsDocument extends Pick<Written, 'version' | 'signingKeys'> {
  readonly cookieKeys: (Stated & { readonly value: string })[];
  readonly peppers: (Stated & { readonly id: string; readonly value: string })[];
  readonly pairwiseKey: { readonly createdAt: number; readonly value: string };
}

/** Parses the text of a secrets file; `name` (a path or an ARN) begins each fault. Throws SecretsError, never with a value. */
export async function parseSecretsText(name: string, text: string): Promise<SecretsDocument> {
  return parseSecretsDocument(name, parseJson(name, text));
}

/** The same for a value that is no text any more. */
export async function parseSecretsDocument(name: string, value: unknown): Promise<SecretsDocument> {
  // Read seldom: code that zod would make for it costs more than it saves. Its small form has no sentences of its own.
  const shape = documentSchema.safeParse(value, { jitless: true, error: en().localeError });
  if (!shape.success) throw invalid(name, shape.error.issues.map(toLine));
  const document = asToday(shape.data);
  const lines = [...ruleFaults(shape.data, document), ...(await unusableKeys(document))];
  if (lines.length > 0) throw invalid(name, lines);
  return document;
}

/** What a file means that was written before keys had a status: whoever writes it again writes that down. */
function asToday(written: Written): SecretsDocument {
  const peppers = withStatus(written.peppers);
  const oldest = written.peppers.toSorted(newestFirst).at(-1);
  const { createdAt, value } = written.pairwiseKey ?? oldest ?? { createdAt: 0, value: '' };
  return {
    version: written.version,
    signingKeys: written.signingKeys,
    cookieKeys: withStatus(written.cookieKeys),
    peppers,
    pairwiseKey: { createdAt, value },
  };
}

interface WrittenEntry extends Omit<Stated, 'status'> {
  readonly status?: Stated['status'] | undefined;
}

/** Newest first. Of entries without a status the newest is used; each older one retired when the one after it came. */
function withStatus<T extends WrittenEntry>(entries: readonly T[]): (Omit<T, keyof Stated> & Stated)[] {
  return entries.toSorted(newestFirst).map((entry, index, sorted) => {
    const { status: written = index === 0 ? 'active' : 'retired' } = entry;
    const retiredAt = entry.retiredAt ?? sorted[index - 1]?.createdAt;
    return {
      ...entry,
      status: written,
      ...(written === 'retired' && retiredAt !== undefined ? { retiredAt } : {}),
    };
  });
}

function newestFirst(a: Pick<Stated, 'createdAt'>, b: Pick<Stated, 'createdAt'>): number {
  return b.createdAt - a.createdAt;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch {
    // The engine's message quotes the text around the mistake, which may be a key: it is dropped, cause and all.
    throw invalid(name, ['is not JSON']);
  }
}

function invalid(name: string, lines: readonly string[]): SecretsError {
  return new SecretsError(
    'secrets_invalid',
    lines.map((line) => `${name}: ${line}`),
  );
}

/** Place and sentence of an issue. zod's own messages name types, limits and keys, and no values. */
function toLine(issue: z.core.$ZodIssue): string {
  const place = issue.path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
  const sentence =
    issue.code === 'invalid_type' ? `is missing or not of type ${issue.expected}` : issue.message;
  return place === '' ? sentence : `${place}: ${sentence}`;
}

function ruleFaults(written: Written, { signingKeys, cookieKeys, peppers }: SecretsDocument): string[] {
  const faults: string[] = [];
  for (const kind of ['cookieKeys', 'peppers'] as const) {
    const without = written[kind].findIndex((entry) => entry.status === undefined);
    if (without !== -1 && written[kind].some((entry) => entry.status !== undefined))
      faults.push(`${kind}[${without}].status: is missing, while others have one`);
  }
  for (const [kind, entries] of Object.entries({ cookieKeys, peppers })) {
    const active = entries.filter((entry) => entry.status === 'active').length;
    if (active !== 1) faults.push(`${kind}: must hold exactly one active entry, not ${active}`);
  }
  for (const alg of ['RS256', 'ES256']) {
    const active = signingKeys.filter(
      ({ status, jwk: key }) => status === 'active' && key.alg === alg,
    ).length;
    if (active !== 1) faults.push(`signingKeys: must hold exactly one active ${alg} key, not ${active}`);
  }
  const repeated = (ids: readonly string[]) => ids.findIndex((id, index) => ids.indexOf(id) !== index);
  const kid = repeated(signingKeys.map(({ jwk: key }) => key.kid));
  if (kid !== -1) faults.push(`signingKeys[${kid}].jwk.kid: must not repeat`);
  const pepper = repeated(peppers.map(({ id }) => id));
  if (pepper !== -1) faults.push(`peppers[${pepper}].id: must not repeat`);
  return faults;
}

async function unusableKeys({ signingKeys }: SecretsDocument): Promise<string[]> {
  const verdicts = await Promise.allSettled(signingKeys.map(({ jwk: key }) => isPair(key)));
  return verdicts.flatMap((verdict, index) => {
    if (verdict.status === 'rejected') return [`signingKeys[${index}].jwk: is not a usable private key`];
    return verdict.value ? [] : [`signingKeys[${index}].jwk: its parts are not those of one key`];
  });
}

/** Whether apps can verify by the public parts what the private ones sign: the parts of an RSA key are taken as they come. */
async function isPair(key: z.output<typeof jwk>): Promise<boolean> {
  const { d: _d, ...withoutD } = key;
  const publicKey = withoutD.kty === 'RSA' ? { kty: 'RSA', n: withoutD.n, e: withoutD.e } : withoutD;
  const token = await new CompactSign(SAMPLE)
    .setProtectedHeader({ alg: key.alg })
    .sign(await importJWK(key, key.alg));
  return compactVerify(token, await importJWK(publicKey, key.alg)).then(
    () => true,
    () => false,
  );
}

const SAMPLE = new TextEncoder().encode('sample');
