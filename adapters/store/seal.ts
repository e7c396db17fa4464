/**
 * Sealing: an item's key is a hash of the value it is looked up by, and its payload is encrypted under a key derived
 * from that same value and the operator's pepper. A copy of the tables, even with the pepper, opens nothing without
 * the tokens, codes and cookies themselves.
 *
 * Format 2: `[2][length of the pepper's id][pepper's id][IV: 12][AES-256-GCM ciphertext][tag: 16]`. Additional data are
 * the item's key and the attributes that stand in clear beside it and decide something, so that a payload moved to
 * another item, or one whose marks were changed, does not open. Format 1 had the key alone there; it is still read.
 *
 * Format 3 is for records that outlive peppers: the payload is encrypted under the looked-up value, and that once more
 * under the pepper. Both are needed to open it, but the pepper alone to seal it anew under another one.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** A secret of the operator's that salts every derivation. */
export interface Pepper {
  readonly id: string;
  readonly key: Uint8Array;
  /** Whether it only opens any more; what outlives it is sealed anew. */
  readonly isRetired?: boolean;
}

/** Why a sealed payload does not open: another format, an unknown pepper, or changed bytes. */
export type UnopenedReason = 'unknown_format' | 'unknown_pepper' | 'not_authentic';

/** What a payload is sealed under: `secret` is the looked-up value, `label` its model, `key` the item's key. */
export interface SealContext {
  readonly secret: string;
  readonly label: string;
  readonly key: string;
  /** What stands in clear beside it and must not be changed without it. */
  readonly bound?: readonly (string | number | undefined)[];
  /** Whether the record has no end of its own and has to outlive peppers. */
  readonly lasting?: boolean;
}

/** Seals and opens under the peppers of the moment. */
export interface Sealer {
  seal(payload: unknown, context: SealContext): Uint8Array;
  /** The payload, or undefined where it does not open, which is told. */
  open(sealed: Uint8Array, context: SealContext): unknown;
  /** Whether what outlives peppers has to be sealed anew: it stands on a retired one, or cannot be sealed anew later. */
  isOutdated(sealed: Uint8Array): boolean;
  /** The same payload under the pepper in use, its looked-up value unknown; undefined where it cannot be. */
  reseal(sealed: Uint8Array, context: Omit<SealContext, 'secret'>): Uint8Array | undefined;
  /** A keyed hash of something that identifies, such as an account: for index attributes. 43 characters. */
  hash(label: string, value: string): string;
  /** The same under every pepper that something may have been written with. */
  hashes(label: string, value: string): readonly string[];
  /** The key of the pepper that a payload was sealed under, or of the one in use: for what must come out the same each time. */
  keyBehind(sealed: Uint8Array | undefined): KeyObject;
}

export interface SealerOptions {
  /** The first seals, every one opens; asked each time, as they rotate. */
  readonly peppers: () => readonly Pepper[];
  /** Told of a payload that does not open. */
  readonly onUnopened?: (facts: { readonly model: string; readonly reason: UnopenedReason }) => void;
}

const FORMATS = { keyBound: 1, bound: 2, lasting: 3 } as const;
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The table key of a record: `Model#` and the SHA-256 of model and id, base64url. */
export function hashedKey(model: string, id: string): string {
  return `${model}#${hash('sha256', `${model}\0${id}`, 'base64url')}`;
}

/** The id of the pepper that a payload was sealed under; it stands in clear before it. */
export function pepperIdOf(sealed: Uint8Array): string {
  return Buffer.from(sealed.subarray(2, bodyAt(sealed))).toString('utf8');
}

const bodyAt = (sealed: Uint8Array): number => 2 + (sealed[1] ?? 0);

/** As a key object: Node takes a third of the time with one that it takes with the same bytes. */
function derive(secret: string | Uint8Array, salt: Uint8Array | string, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, salt, info, 32)));
}

function encrypt(plain: string | Uint8Array, key: KeyObject, additional: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(additional, 'utf8'));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined where the bytes are not what was encrypted. */
function decrypt(bytes: Uint8Array, key: KeyObject, additional: string): Buffer | undefined {
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(additional, 'utf8'));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const plain = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    // GCM keeps nothing back: what is left to the end is the tag alone.
    decipher.final();
    return plain;
  } catch {
    // The tag does not fit: that is the answer.
    return undefined;
  }
}

type Bound = Pick<SealContext, 'key' | 'bound'>;
const additionalOf = ({ key, bound = [] }: Bound): string => JSON.stringify([key, ...bound]);
const recordKeyOf = (format: 1 | 2, { secret, label }: SealContext, pepper: Pepper): KeyObject =>
  derive(secret, pepper.key, `ib-oauth seal ${format}\0${label}`);
const innerKeyOf = ({ secret, label }: SealContext): KeyObject =>
  derive(secret, '', `ib-oauth seal 3 inner\0${label}`);
const outerKeyOf = (label: string, pepper: Pepper): KeyObject =>
  derive(pepper.key, '', `ib-oauth seal 3 outer\0${label}`);

function withHead(format: number, pepper: Pepper, body: Uint8Array): Uint8Array {
  const id = Buffer.from(pepper.id, 'utf8');
  return Buffer.concat([Uint8Array.of(format, id.length), id, body]);
}

function opened(
  sealed: Uint8Array,
  { context, additional }: { context: SealContext; additional: string },
  pepper: Pepper,
): Buffer | undefined {
  const body = sealed.subarray(bodyAt(sealed));
  switch (sealed[0]) {
    case FORMATS.keyBound:
      return decrypt(body, recordKeyOf(1, context, pepper), context.key);
    case FORMATS.bound:
      return decrypt(body, recordKeyOf(2, context, pepper), additional);
    default: {
      const inner = decrypt(body, outerKeyOf(context.label, pepper), additional);
      return inner === undefined ? undefined : decrypt(inner, innerKeyOf(context), context.key);
    }
  }
}

const KNOWN_FORMATS: ReadonlySet<number | undefined> = new Set(Object.values(FORMATS));

/** Makes a sealer. */
export function createSealer({ peppers, onUnopened = () => undefined }: SealerOptions): Sealer {
  function inUse(): Pepper {
    const [pepper] = peppers();
    if (pepper === undefined) throw new TypeError('a store needs at least one pepper');
    return pepper;
  }
  /** What the bytes of a read have been opened to: a request opens each item once, however often it looks at it. */
  const readings = new WeakMap<Uint8Array, { readonly reading: string; readonly text: string }>();
  const behind = (sealed: Uint8Array): Pepper | undefined => {
    const id = pepperIdOf(sealed);
    return peppers().find((candidate) => candidate.id === id);
  };
  const keys = new WeakMap<Uint8Array, KeyObject>();
  function keyOf({ key }: Pepper): KeyObject {
    const made = keys.get(key) ?? createSecretKey(key);
    keys.set(key, made);
    return made;
  }
  const keyedHash = (pepper: Pepper, label: string, value: string): string =>
    createHmac('sha256', keyOf(pepper)).update(`${label}\0${value}`).digest('base64url');

  return {
    seal(payload, context) {
      const pepper = inUse();
      const plain = JSON.stringify(payload);
      if (context.lasting !== true) {
        return withHead(
          FORMATS.bound,
          pepper,
          encrypt(plain, recordKeyOf(2, context, pepper), additionalOf(context)),
        );
      }
      const inner = encrypt(plain, innerKeyOf(context), context.key);
      return withHead(
        FORMATS.lasting,
        pepper,
        encrypt(inner, outerKeyOf(context.label, pepper), additionalOf(context)),
      );
    },

    open(sealed, context) {
      const refuse = (reason: UnopenedReason): undefined => {
        onUnopened({ model: context.label, reason });
      };
      if (!KNOWN_FORMATS.has(sealed[0])) return refuse('unknown_format');
      const pepper = behind(sealed);
      if (pepper === undefined) return refuse('unknown_pepper');
      const known = readings.get(sealed);
      const additional = additionalOf(context);
      const reading = `${context.label}\0${context.secret}\0${additional}`;
      if (known?.reading === reading) return JSON.parse(known.text) as unknown;
      const plain = opened(sealed, { context, additional }, pepper);
      if (plain === undefined) return refuse('not_authentic');
      const text = plain.toString('utf8');
      readings.set(sealed, { reading, text });
      return JSON.parse(text) as unknown;
    },

    isOutdated: (sealed) => sealed[0] !== FORMATS.lasting || behind(sealed)?.isRetired === true,

    reseal(sealed, context) {
      const [from, to] = [behind(sealed), inUse()];
      if (sealed[0] !== FORMATS.lasting || from === undefined) return undefined;
      const additional = additionalOf(context);
      const inner = decrypt(sealed.subarray(bodyAt(sealed)), outerKeyOf(context.label, from), additional);
      if (inner === undefined) return undefined;
      return withHead(FORMATS.lasting, to, encrypt(inner, outerKeyOf(context.label, to), additional));
    },

    hash: (label, value) => keyedHash(inUse(), label, value),
    hashes: (label, value) => peppers().map((pepper) => keyedHash(pepper, label, value)),
    keyBehind: (sealed) => keyOf((sealed && behind(sealed)) ?? inUse()),
  };
}
