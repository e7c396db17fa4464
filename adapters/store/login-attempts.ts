/** Login attempts: the sealed record, and in clear what its conditions compare. */
import { randomBytes } from 'node:crypto';
import {
  above,
  all,
  any,
  atMost,
  type Change,
  type Condition,
  equals,
  missing,
  set,
  setSum,
} from './conditions.ts';
import type { AttemptId, LoginAttempt, LoginAttempts, PollWish } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { type Item, numberOf, stringOf } from './items.ts';
import { fromItem, recordKey, toItem } from './records.ts';

const MODEL = 'LoginAttempt';

const idOf = (id: AttemptId): string => `${id.uid}.${id.browser}`;

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

function itemOf(deps: AdapterDeps, id: AttemptId, attempt: LoginAttempt): Item {
  const { attemptId, generation, status, failures, expires, ...rest } = attempt;
  const { intervalMs, nextPollAtMs, seenAtMs, retryAtMs, ...sealed } = rest;
  return toItem({
    model: MODEL,
    id: idOf(id),
    payload: sealed satisfies Sealed,
    expires,
    clear: { attemptId, generation, status, failures, intervalMs, nextPollAtMs, seenAtMs, retryAtMs },
    sealer: deps.sealer,
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

/** The record is no other than it was when it was read. */
const isAs = ({ generation, status }: LoginAttempt): Condition =>
  all(equals('generation', generation), equals('status', status));

/** Changes that replace the whole record, `by` a nonce that makes their repetition recognisable. */
function replacing(item: Item, nonce: string): Change[] {
  const { pk: _pk, ...attributes } = item;
  const changes = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [set(name, value)],
  );
  return [...changes, set('changedBy', nonce)];
}

/** Whether the user looks at the page and IB may be asked for that; a sight ahead of this clock is another process's. */
function looked({ nowMs, lookMs }: PollWish): Condition {
  const isAnew = any(atMost('seenAtMs', nowMs - lookMs), above('seenAtMs', nowMs));
  return all(atMost('retryAtMs', nowMs), isAnew);
}

/** When IB may be asked: at its time, or where the user looks at the page. */
function dueFor(wish: PollWish): Condition {
  const inTime = atMost('nextPollAtMs', wish.nowMs);
  return wish.isLooking ? any(inTime, looked(wish)) : inTime;
}

/** The login attempts of a store. */
export function createLoginAttempts(deps: AdapterDeps): LoginAttempts {
  const { engine, units } = deps;
  const keyOf = (id: AttemptId) => recordKey(MODEL, idOf(id));

  async function replace(id: AttemptId, next: LoginAttempt, wanted: Condition): Promise<boolean> {
    const nonce = randomBytes(12).toString('base64url');
    const changes = replacing(itemOf(deps, id, next), nonce);
    const condition = any(equals('changedBy', nonce), wanted);
    return units.within(async (unit) => {
      const { item } = await unit.guard(() =>
        engine.decide({ op: 'update', key: keyOf(id), changes, condition }),
      );
      if (item !== undefined) unit.remember(keyOf(id), item);
      return item !== undefined;
    });
  }

  const change = (id: AttemptId, next: LoginAttempt, wanted: Condition): Promise<boolean> =>
    replace(id, next, all(equals('status', 'pending'), wanted));

  async function current(id: AttemptId): Promise<LoginAttempt | undefined> {
    return units.within(async (unit) => {
      const found = await unit.guard(() => engine.read([keyOf(id)]));
      const [item] = found.values();
      unit.remember(keyOf(id), item);
      return attemptOf(deps, id, item);
    });
  }

  /** Takes the right to ask IB once, if it is `due`; the attempt as it stands then. */
  async function claim(id: AttemptId, wish: PollWish, due: Condition): Promise<LoginAttempt | undefined> {
    const { generation, nowMs, unseenMs } = wish;
    const condition = all(
      equals('status', 'pending'),
      equals('generation', generation),
      due,
      above('seenAtMs', nowMs - unseenMs),
      above('expires', Math.floor(nowMs / 1000)),
    );
    const changes = [setSum('nextPollAtMs', 'intervalMs', nowMs), set('seenAtMs', nowMs)];
    return units.within(async (unit) => {
      const { item } = await unit.guard(() =>
        engine.decide({ op: 'update', key: keyOf(id), changes, condition }),
      );
      const claimed = attemptOf(deps, id, item);
      if (claimed !== undefined) unit.remember(keyOf(id), item);
      return claimed;
    });
  }

  return {
    find: (id) => units.within(async (unit) => attemptOf(deps, id, await unit.get(keyOf(id)))),

    current,

    ref: (id) => ({ model: MODEL, id: idOf(id) }),

    begin: (id, attempt, before) => replace(id, attempt, before === undefined ? missing : isAs(before)),

    start: (id, attempt) => units.within(async (unit) => unit.put(keyOf(id), itemOf(deps, id, attempt))),

    claimPoll: (id, wish) =>
      units.within(async () => {
        const { nowMs } = wish;
        const claimed = await claim(id, wish, dueFor(wish));
        if (claimed !== undefined) return { outcome: 'claimed', attempt: claimed };
        const attempt = await current(id);
        if (attempt === undefined) return { outcome: 'unknown' };
        // Written by a process whose clock is ahead: by this one's, nobody waits for longer than an interval.
        if (attempt.nextPollAtMs > nowMs + attempt.intervalMs) {
          const anyway = await claim(id, wish, equals('nextPollAtMs', attempt.nextPollAtMs));
          if (anyway !== undefined) return { outcome: 'claimed', attempt: anyway };
        }
        return { outcome: 'not_yet', attempt };
      }),

    see: (id, { attemptId }, nowMs) =>
      units.within(async (unit) => {
        const condition = all(equals('status', 'pending'), equals('attemptId', attemptId));
        const changes = [set('seenAtMs', nowMs)];
        await unit.guard(() => engine.decide({ op: 'update', key: keyOf(id), changes, condition }));
      }),

    finish: (id, attempt) => change(id, attempt, equals('attemptId', attempt.attemptId)),

    renew: (id, generation, next) => change(id, next, equals('generation', generation)),

    pace: (id, attempt) => change(id, attempt, equals('generation', attempt.generation)),

    remove: (id) => units.within(async (unit) => unit.delete(keyOf(id))),
  };
}
