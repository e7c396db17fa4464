/** Login attempts on DynamoDB: the sealed record, and in clear what its conditions compare. */
import { randomBytes } from 'node:crypto';
import type { AttemptId, LoginAttempt, LoginAttempts } from './contract.ts';
import type { Expression } from './engines/dynamodb.ts';
import { type AttributeScalar, type Item, numberOf, stringOf } from './items.ts';
import type { AdapterDeps } from './oidc-adapter.ts';
import { fromItem, recordKey, toItem } from './records.ts';

const MODEL = 'LoginAttempt';

const idOf = (id: AttemptId): string => `${id.uid}.${id.browser}`;

type Sealed = Omit<LoginAttempt, keyof Clear>;
type Clear = Pick<
  LoginAttempt,
  'attemptId' | 'generation' | 'status' | 'failures' | 'intervalMs' | 'nextPollAtMs' | 'expires'
>;

function itemOf(deps: AdapterDeps, id: AttemptId, attempt: LoginAttempt): Item {
  const { attemptId, generation, status, failures, intervalMs, nextPollAtMs, expires, ...sealed } = attempt;
  return toItem({
    model: MODEL,
    id: idOf(id),
    payload: sealed satisfies Sealed,
    expires,
    clear: { attemptId, generation, status, failures, intervalMs, nextPollAtMs },
    peppers: deps.peppers,
  });
}

const STATUSES = ['pending', 'signed_in', 'refused'] as const;

function attemptOf(deps: AdapterDeps, id: AttemptId, item: Item | undefined): LoginAttempt | undefined {
  const nowSeconds = Math.floor(deps.now() / 1000);
  const sealed = fromItem({ model: MODEL, id: idOf(id), item, nowSeconds, peppers: deps.peppers });
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
    expires: item.expires,
  };
}

/** An update that replaces the whole record, `by` a nonce that makes its repetition recognisable. */
function replacing(item: Item, nonce: string): Expression {
  const { pk: _pk, ...attributes } = item;
  const values: Record<string, AttributeScalar> = { ':by': nonce };
  const names: Record<string, string> = {};
  const parts: string[] = ['changedBy = :by'];
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    names[`#${name}`] = name;
    values[`:${name}`] = value;
    parts.push(`#${name} = :${name}`);
  }
  return { text: `SET ${parts.join(', ')}`, names, values };
}

/** The login attempts of a store. */
export function createLoginAttempts(deps: AdapterDeps): LoginAttempts {
  const { engine, units } = deps;
  const keyOf = (id: AttemptId) => recordKey(MODEL, idOf(id));

  async function change(
    id: AttemptId,
    next: LoginAttempt,
    condition: { readonly text: string; readonly values: Readonly<Record<string, AttributeScalar>> },
  ): Promise<boolean> {
    const nonce = randomBytes(12).toString('base64url');
    const update = replacing(itemOf(deps, id, next), nonce);
    return units.within(async (unit) => {
      const item = await unit.guard(() =>
        engine.update(keyOf(id), update, {
          text: `changedBy = :by OR (#status = :pending AND ${condition.text})`,
          names: { '#status': 'status' },
          values: { ':pending': 'pending', ...condition.values },
        }),
      );
      if (item !== undefined) unit.remember(keyOf(id), item);
      return item !== undefined;
    });
  }

  async function current(id: AttemptId): Promise<LoginAttempt | undefined> {
    return units.within(async (unit) => {
      const found = await unit.guard(() => engine.read([keyOf(id)]));
      const [item] = found.values();
      unit.remember(keyOf(id), item);
      return attemptOf(deps, id, item);
    });
  }

  return {
    find: (id) => units.within(async (unit) => attemptOf(deps, id, await unit.get(keyOf(id)))),

    current,

    ref: (id) => ({ model: MODEL, id: idOf(id) }),

    start: (id, attempt) => units.within(async (unit) => unit.put(keyOf(id), itemOf(deps, id, attempt))),

    claimPoll: (id, generation, nowMs) =>
      units.within(async (unit) => {
        const item = await unit.guard(() =>
          engine.update(
            keyOf(id),
            { text: 'SET nextPollAtMs = intervalMs + :now', values: { ':now': nowMs } },
            {
              text: '#status = :pending AND generation = :generation AND nextPollAtMs <= :now AND expires > :seconds',
              names: { '#status': 'status' },
              values: {
                ':pending': 'pending',
                ':generation': generation,
                ':seconds': Math.floor(nowMs / 1000),
              },
            },
          ),
        );
        const claimed = attemptOf(deps, id, item);
        if (claimed !== undefined) {
          unit.remember(keyOf(id), item);
          return { outcome: 'claimed', attempt: claimed };
        }
        const attempt = await current(id);
        return attempt === undefined ? { outcome: 'unknown' } : { outcome: 'not_yet', attempt };
      }),

    finish: (id, attempt) =>
      change(id, attempt, { text: 'attemptId = :attempt', values: { ':attempt': attempt.attemptId } }),

    renew: (id, generation, next) =>
      change(id, next, { text: 'generation = :current', values: { ':current': generation } }),

    pace: (id, attempt) =>
      change(id, attempt, { text: 'generation = :current', values: { ':current': attempt.generation } }),

    remove: (id) => units.within(async (unit) => unit.delete(keyOf(id))),
  };
}
