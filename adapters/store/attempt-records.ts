/** Login attempts as records: sealed, and in clear what their conditions compare. */
import type { Change, Condition } from './conditions.ts';
import type { AttemptId, LoginAttempt, Ref } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { type Item, type Key, numberOf, stringOf } from './items.ts';
import { fromItem, recordKey, toItem } from './records.ts';

const MODEL = 'LoginAttempt';

const idOf = (id: AttemptId): string => `${id.uid}.${id.browser}`;
export const keyOf = (id: AttemptId): Key => recordKey(MODEL, idOf(id));
export const refOf = (id: AttemptId): Ref => ({ model: MODEL, id: idOf(id) });

type Sealed = Omit<LoginAttempt, keyof Clear>;
type Clear = Pick<
  LoginAttempt,
  | 'attemptId'
  | 'generation'
  | 'status'
  | 'failures'
  | 'intervalMs'
  | 'nextPollAtMs'
  | 'seenAtMs'
  | 'retryAtMs'
  | 'expires'
>;

/** The item of a record. */
export function itemOf({ sealer }: Pick<AdapterDeps, 'sealer'>, id: AttemptId, attempt: LoginAttempt): Item {
  const { attemptId, generation, status, failures, expires, ...rest } = attempt;
  const { intervalMs, nextPollAtMs, seenAtMs, retryAtMs, ...sealed } = rest;
  return toItem({
    model: MODEL,
    id: idOf(id),
    payload: sealed satisfies Sealed,
    expires,
    clear: { attemptId, generation, status, failures, intervalMs, nextPollAtMs, seenAtMs, retryAtMs },
    sealer,
  });
}

const STATUSES = ['pending', 'signed_in', 'refused'] as const;

function attemptOf(deps: AdapterDeps, id: AttemptId, item: Item | undefined): LoginAttempt | undefined {
  const nowSeconds = Math.floor(deps.now() / 1000);
  const sealed = fromItem({ model: MODEL, id: idOf(id), item, nowSeconds, sealer: deps.sealer });
  if (item === undefined || sealed === undefined) return undefined;
  const status = STATUSES.find((candidate) => candidate === stringOf(item, 'status'));
  if (status === undefined) return undefined;
  return {
    ...(sealed as unknown as Sealed),
    attemptId: stringOf(item, 'attemptId') ?? '',
    generation: stringOf(item, 'generation') ?? '',
    status,
    failures: numberOf(item, 'failures') ?? 0,
    intervalMs: numberOf(item, 'intervalMs') ?? 0,
    nextPollAtMs: numberOf(item, 'nextPollAtMs') ?? 0,
    seenAtMs: numberOf(item, 'seenAtMs') ?? 0,
    retryAtMs: numberOf(item, 'retryAtMs') ?? 0,
    expires: item.expires,
  };
}

/** The records of a store, read and decided upon. */
export interface AttemptRecords {
  /** As the unit of work has it. */
  find(id: AttemptId): Promise<LoginAttempt | undefined>;
  /** Read anew. */
  current(id: AttemptId): Promise<LoginAttempt | undefined>;
  /** Changes a record where the condition holds; as it is then, undefined where it does not. */
  decide(id: AttemptId, changes: Change[], condition: Condition): Promise<Item | undefined>;
  /** What an item holds, undefined where it is over. */
  attemptOf(id: AttemptId, item: Item | undefined): LoginAttempt | undefined;
}

/** The records of login attempts. */
export function createAttemptRecords(deps: AdapterDeps): AttemptRecords {
  const { engine, units } = deps;
  return {
    find: (id) => units.within(async (unit) => attemptOf(deps, id, await unit.get(keyOf(id)))),
    current: (id) =>
      units.within(async (unit) => {
        const found = await unit.guard(() => engine.read([keyOf(id)]));
        const [item] = found.values();
        unit.remember(keyOf(id), item);
        return attemptOf(deps, id, item);
      }),
    decide: (id, changes, condition) =>
      units.within(async (unit) => {
        const { item } = await unit.guard(() =>
          engine.decide({ op: 'update', key: keyOf(id), changes, condition }),
        );
        if (item !== undefined) unit.remember(keyOf(id), item);
        return item;
      }),
    attemptOf: (id, item) => attemptOf(deps, id, item),
  };
}
