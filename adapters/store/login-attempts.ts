/** Login attempts: how they begin, are renewed and end, each change against those of other processes. */
import { randomBytes } from 'node:crypto';
import { createAttemptRecords, itemOf, keyOf, refOf } from './attempt-records.ts';
import { all, any, type Change, type Condition, equals, missing, set } from './conditions.ts';
import type { AttemptId, LoginAttempt, LoginAttempts } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import type { Item } from './items.ts';
import { createLoginPolls } from './login-polls.ts';

/** The record is no other than it was when it was read. */
const isAs = ({ generation, status }: LoginAttempt): Condition =>
  all(equals('generation', generation), equals('status', status));

/** Changes that replace the whole record, with a nonce that makes their repetition recognisable. */
function replacing(item: Item, nonce: string): Change[] {
  const { pk: _pk, ...attributes } = item;
  const changes = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [set(name, value)],
  );
  return [...changes, set('changedBy', nonce)];
}

/** The login attempts of a store. */
export function createLoginAttempts(deps: AdapterDeps): LoginAttempts {
  const { units } = deps;
  const records = createAttemptRecords(deps);

  async function replace(id: AttemptId, next: LoginAttempt, wanted: Condition): Promise<boolean> {
    const nonce = randomBytes(12).toString('base64url');
    const changes = replacing(itemOf(deps, id, next), nonce);
    return (await records.decide(id, changes, any(equals('changedBy', nonce), wanted))) !== undefined;
  }

  const change = (id: AttemptId, next: LoginAttempt, wanted: Condition): Promise<boolean> =>
    replace(id, next, all(equals('status', 'pending'), wanted));

  return {
    ...createLoginPolls(units, records),

    find: records.find,

    current: records.current,

    ref: refOf,

    begin: (id, attempt, before) => replace(id, attempt, before === undefined ? missing : isAs(before)),

    start: (id, attempt) => units.within(async (unit) => unit.put(keyOf(id), itemOf(deps, id, attempt))),

    finish: (id, attempt) => change(id, attempt, equals('attemptId', attempt.attemptId)),

    renew: (id, generation, next) => change(id, next, equals('generation', generation)),

    pace: (id, attempt) => change(id, attempt, equals('generation', attempt.generation)),

    remove: (id) => units.within(async (unit) => unit.delete(keyOf(id))),
  };
}
