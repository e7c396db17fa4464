/**
 * Rotation of the server's keys: signing keys, cookie keys and peppers move together, one step at a time. What a step
 * does is the same each time: what is known for later comes into use, what was in use still holds for a while, what has
 * been that for long enough goes, and something new becomes known for later. Pure but for the making of keys.
 */
import { hash } from 'node:crypto';
import type { Lifetimes } from '../../config/lifetimes.ts';
import { parseSecretsDocument, type SecretsDocument, type Stated } from './document.ts';
import { newCookieKey, newPepper, newSigningKey, type SigningAlgorithm } from './keys.ts';

/** What is rotated. */
export type KeyKind = 'signing_key' | 'cookie_key' | 'pepper';

export const KEY_KINDS: readonly KeyKind[] = ['signing_key', 'cookie_key', 'pepper'];

/** What is said of a key: never the key. `id` is a signing key's `kid`, a pepper's id, a cookie key's fingerprint. */
export interface KeySummary extends Stated {
  readonly kind: KeyKind;
  readonly id: string;
  /** Of signing keys. */
  readonly alg?: string;
}

/** What became of a key in a step. */
export type Change = Omit<KeySummary, 'status'> & { readonly became: Stated['status'] | 'removed' };

export interface StepOptions {
  readonly nowSeconds: number;
  /** For how long a key of each kind is known before it comes into use: until every process, or app, has heard of it. */
  readonly knownSeconds: Readonly<Record<KeyKind, number>>;
  /** What takes part; all by default. */
  readonly kinds?: readonly KeyKind[];
  /** An algorithm more to sign with. */
  readonly added?: readonly SigningAlgorithm[];
  /** Peppers that stay beyond their time, by id. */
  readonly stay?: readonly string[];
}

/** How long each kind is known first. */
export function knownSecondsOf(
  lifetimes: Pick<Lifetimes, 'signingKeyPublishedSeconds' | 'secretsKnownSeconds'>,
): StepOptions['knownSeconds'] {
  const { signingKeyPublishedSeconds, secretsKnownSeconds } = lifetimes;
  return {
    signing_key: signingKeyPublishedSeconds,
    cookie_key: secretsKnownSeconds,
    pepper: secretsKnownSeconds,
  };
}

/** What has come of a step; `nextStepAt` is unix seconds. */
export interface Step {
  readonly document: SecretsDocument;
  readonly changes: readonly Change[];
  readonly nextStepAt: number;
}

/** Keys that would come into use before everybody has heard of them, and when that is over, unix seconds. */
export interface Waiting {
  readonly keys: readonly KeySummary[];
  readonly notBefore: number;
}

/**
 * A retired key still holds for so long: longer than any token, cookie or record that was made with it, which end with
 * the IB session, 120 hours at most.
 */
const RETIRED_SECONDS = 7 * 24 * 3600;

/** The keys of a document, without the keys. */
export function summarize(document: SecretsDocument): KeySummary[] {
  return [
    ...document.signingKeys.map((entry) => summaryOf('signing_key', entry)),
    ...document.cookieKeys.map((entry) => summaryOf('cookie_key', entry)),
    ...document.peppers.map((entry) => summaryOf('pepper', entry)),
  ];
}

type Entry = SecretsDocument['signingKeys' | 'cookieKeys' | 'peppers'][number];

function summaryOf(kind: KeyKind, entry: Entry): KeySummary {
  const { status, createdAt, retiredAt } = entry;
  const stated = { status, createdAt, ...(retiredAt === undefined ? {} : { retiredAt }) };
  if ('jwk' in entry) return { kind, id: entry.jwk.kid, alg: entry.jwk.alg, ...stated };
  return { kind, id: 'id' in entry ? entry.id : fingerprint(entry.value), ...stated };
}

/** A name for a key that has none; of 32 random bytes it tells nothing. */
function fingerprint(value: string): string {
  return hash('sha256', value, 'hex').slice(0, 8);
}

/** What a step would have to wait for; undefined where it may be taken. */
export function waitingFor(
  document: SecretsDocument,
  { nowSeconds, knownSeconds, kinds = KEY_KINDS }: StepOptions,
): Waiting | undefined {
  const readyAt = ({ kind, createdAt }: KeySummary): number => createdAt + knownSeconds[kind];
  const keys = summarize(document).filter(
    (key) => key.status === 'next' && kinds.includes(key.kind) && readyAt(key) > nowSeconds,
  );
  return keys.length === 0 ? undefined : { keys, notBefore: Math.max(...keys.map(readyAt)) };
}

/** Takes one step, whether or not it is too early. */
export async function takeStep(document: SecretsDocument, options: StepOptions): Promise<Step> {
  const { nowSeconds, knownSeconds, kinds = KEY_KINDS } = options;
  const stepped = await parseSecretsDocument('rotated secrets', {
    ...document,
    ...(kinds.includes('signing_key') ? { signingKeys: await stepSigningKeys(document, options) } : {}),
    ...(kinds.includes('cookie_key')
      ? { cookieKeys: stepOf(document.cookieKeys, newCookieKey(fresh(nowSeconds)), nowSeconds) }
      : {}),
    ...(kinds.includes('pepper') ? { peppers: stepPeppers(document, options) } : {}),
  });
  return {
    document: stepped,
    changes: changesOf(document, stepped),
    nextStepAt: nowSeconds + Math.max(...kinds.map((kind) => knownSeconds[kind])),
  };
}

const fresh = (nowSeconds: number) => ({ status: 'next', createdAt: nowSeconds }) as const;

/** One step of the keys of one kind. `stays` are those that are kept beyond their time. */
function stepOf<T extends Stated>(
  entries: readonly T[],
  added: T,
  nowSeconds: number,
  stays: (entry: T) => boolean = () => false,
): T[] {
  const [promoted] = entries
    .filter(({ status }) => status === 'next')
    .toSorted((a, b) => a.createdAt - b.createdAt);
  const moved = entries
    .filter((entry) => !isOver(entry, nowSeconds) || stays(entry))
    .map((entry): T => {
      if (entry === promoted) return { ...entry, status: 'active' };
      const retires = entry.status === 'active' && promoted !== undefined;
      return retires ? { ...entry, status: 'retired', retiredAt: nowSeconds } : entry;
    });
  return [...moved, added];
}

/** Whether a retired key has held for long enough. */
export function isOver({ status, retiredAt }: Stated, nowSeconds: number): boolean {
  return status === 'retired' && retiredAt !== undefined && retiredAt <= nowSeconds - RETIRED_SECONDS;
}

function stepPeppers(
  { peppers }: SecretsDocument,
  { nowSeconds, stay = [] }: StepOptions,
): SecretsDocument['peppers'] {
  return stepOf(peppers, newPepper(fresh(nowSeconds)), nowSeconds, ({ id }) => stay.includes(id));
}

async function stepSigningKeys(
  { signingKeys }: SecretsDocument,
  { nowSeconds, added = [] }: StepOptions,
): Promise<SecretsDocument['signingKeys']> {
  const algOf = (entry: SecretsDocument['signingKeys'][number]): SigningAlgorithm =>
    entry.jwk.alg === 'Ed25519' ? 'EdDSA' : entry.jwk.alg;
  const algorithms = new Set<SigningAlgorithm>(['RS256', 'ES256', ...signingKeys.map(algOf), ...added]);
  const groups = await Promise.all(
    [...algorithms].map(async (alg) =>
      stepOf(
        signingKeys.filter((entry) => algOf(entry) === alg),
        await newSigningKey(alg, fresh(nowSeconds)),
        nowSeconds,
      ),
    ),
  );
  return groups.flat();
}

/** What differs between two documents. */
export function changesOf(before: SecretsDocument, after: SecretsDocument): Change[] {
  const nameOf = ({ kind, id }: KeySummary): string => `${kind} ${id}`;
  const known = new Map(summarize(before).map((key) => [nameOf(key), key]));
  const changed = summarize(after)
    .filter((key) => known.get(nameOf(key))?.status !== key.status)
    .map(({ status, ...key }): Change => ({ ...key, became: status }));
  const left = new Set(summarize(after).map(nameOf));
  const removed = [...known.values()]
    .filter((key) => !left.has(nameOf(key)))
    .map(({ status: _status, ...key }): Change => ({ ...key, became: 'removed' }));
  return [...changed, ...removed];
}

/** A document without some of its peppers. */
export function withoutPeppers(document: SecretsDocument, ids: readonly string[]): SecretsDocument {
  return { ...document, peppers: document.peppers.filter(({ id }) => !ids.includes(id)) };
}

/** The peppers whose time is over. */
export function peppersToRemove({ peppers }: SecretsDocument, nowSeconds: number): readonly string[] {
  return peppers.filter((entry) => isOver(entry, nowSeconds)).map(({ id }) => id);
}
