/** `secrets create|list|rotate`, and `keys list|rotate` for signing keys alone: the server's own keys where they are kept. */

import { type KeptSource, readToChange } from '../../adapters/secrets/change.ts';
import type { SecretsDocument } from '../../adapters/secrets/document.ts';
import { writeNewSecretsFile } from '../../adapters/secrets/file.ts';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import {
  type Change,
  changesOf,
  KEY_KINDS,
  type KeyKind,
  type KeySummary,
  knownSecondsOf,
  peppersToRemove,
  type StepOptions,
  summarize,
  takeStep,
  type Waiting,
  waitingFor,
  withoutPeppers,
} from '../../adapters/secrets/rotation.ts';
import { secretsOf } from '../../adapters/secrets/secrets.ts';
import { StoreError } from '../../adapters/store/errors.ts';
import { CommandError, type Output, storeSettings, withStore } from './context.ts';

/** What a step may be told. */
export interface RotateOptions {
  readonly kinds: readonly KeyKind[];
  readonly added: readonly 'EdDSA'[];
  /** Whether it is taken although it is too early. */
  readonly now: boolean;
}

function keptSource(): KeptSource {
  const { secrets } = storeSettings();
  if (secrets.kind === 'environment') {
    throw new CommandError([`keys in ${secrets.variable}: rotate a file of the same text, then set it anew`]);
  }
  if (secrets.kind !== 'secrets_manager' && secrets.path === ':memory:')
    throw new CommandError(['keys in memory end with the process']);
  return secrets;
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
const nameOf = ({ kind, id, alg }: Pick<KeySummary, 'kind' | 'id' | 'alg'>): string =>
  [kind.replace('_', ' '), ...(alg === undefined ? [] : [alg]), id].join(' ');

/** Lists the keys of some kinds by status. */
export async function listKeys(kinds: readonly KeyKind[], output: Output): Promise<void> {
  const { document } = await readToChange(keptSource());
  const keys = summarize(document).filter(({ kind }) => kinds.includes(kind));
  output.result(
    keys.map(({ id, ...key }) => ({ ...key, id, ...(key.kind === 'signing_key' ? { kid: id } : {}) })),
    keys.map((key) => `${key.status}\t${time(key.createdAt)}\t${nameOf(key)}`),
  );
}

/** Takes one step of rotation and says what it did and when the next one may be taken; refuses one that is too early. */
export async function rotate({ kinds, added, now }: RotateOptions, output: Output): Promise<void> {
  const kept = await readToChange(keptSource());
  const nowSeconds = Math.floor(Date.now() / 1000);
  const { lifetimes } = storeSettings();
  const options: StepOptions = { nowSeconds, knownSeconds: knownSecondsOf(lifetimes), kinds };
  const waiting = waitingFor(kept.document, options);
  if (waiting !== undefined && !now) throw new CommandError(tooEarly(waiting));
  const leaving = kinds.includes('pepper') ? peppersToRemove(kept.document, nowSeconds) : [];
  const { document, nextStepAt } = await takeStep(kept.document, { ...options, added, stay: leaving });
  const sealed = kinds.includes('pepper') ? await sealAnew(document, leaving) : NOTHING_SEALED;
  const next = withoutPeppers(document, sealed.free);
  await kept.replace(next);
  const changes = changesOf(kept.document, next);
  output.result({ changes, sealedAnew: sealed.count, nextStepAt }, [
    ...sealed.lines,
    ...changes.map(lineOf),
    'Running servers take this at once, functions within five minutes; nothing needs a restart.',
    `The next step may be taken from ${time(nextStepAt)} on${soonerOf(options, nextStepAt)}.`,
  ]);
}

/** Which kinds need not wait for the slowest one. */
function soonerOf({ nowSeconds, knownSeconds, kinds = KEY_KINDS }: StepOptions, nextStepAt: number): string {
  const sooner = kinds.filter((kind) => nowSeconds + knownSeconds[kind] < nextStepAt);
  if (sooner.length === 0) return '';
  const at = nowSeconds + Math.max(...sooner.map((kind) => knownSeconds[kind]));
  return `, with --only ${sooner.join(' ')} from ${time(at)} on`;
}

function tooEarly({ keys, notBefore }: Waiting): string[] {
  return [
    `too early: not before ${time(notBefore)}; nothing is done`,
    ...keys.map(
      (key) => `${nameOf(key)}: known since ${time(key.createdAt)} only; somebody may not have it yet`,
    ),
    '--only takes the step with some kinds of keys, --now takes it although it is too early',
  ];
}

const BECAME: Readonly<Record<Change['became'], string>> = {
  next: 'new; known to all from now on, used from the next step on',
  active: 'in use from now on',
  retired: 'not used any more; what was made with it still holds, for a week at least',
  removed: 'removed',
};
const lineOf = (change: Change): string => `${nameOf(change)}: ${BECAME[change.became]}`;

interface Sealed {
  readonly count: number;
  /** Of the peppers that leave, those that nothing stands on any more. */
  readonly free: readonly string[];
  readonly lines: readonly string[];
}

const NOTHING_SEALED: Sealed = { count: 0, free: [], lines: [] };

/**
 * Seals what outlives peppers under the one that comes into use, which all processes know by now, and says which of those
 * that leave are free. Where the store does not answer none is.
 */
async function sealAnew(document: SecretsDocument, leaving: readonly string[]): Promise<Sealed> {
  if (!document.peppers.some(({ status }) => status === 'retired')) return NOTHING_SEALED;
  try {
    const { sealedAnew: count, standing } = await withStore((store) => store.sealAnew(), secretsOf(document));
    const lines = leaving
      .filter((id) => standing.has(id))
      .map((id) => `pepper ${id}: stays, as ${standing.get(id)} items still stand on it`);
    return {
      count,
      free: leaving.filter((id) => !standing.has(id)),
      lines: [`${count} items of self-registered apps sealed anew`, ...lines],
    };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const fault = `the store does not answer (${error.engineError}): no self-registered app is sealed anew`;
    return {
      ...NOTHING_SEALED,
      lines: [fault, ...leaving.map((id) => `pepper ${id}: stays for that reason`)],
    };
  }
}

/** Makes a new secrets file; never over an existing one. */
export async function createSecretsFile(path: string, output: Output): Promise<void> {
  if (!(await writeNewSecretsFile(path, await createSecrets(new Date())))) {
    throw new CommandError([`${path}: exists already; it is not touched`]);
  }
  output.result({ created: path }, [
    `${path} is made. Keep it secret and back it up: without it all sign-ins end.`,
  ]);
}
