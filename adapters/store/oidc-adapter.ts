/** node-oidc-provider's adapter, one per model, on the unit of work of the current request. */
import { randomBytes } from 'node:crypto';
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { IbSession } from '../ib/session.ts';
import { createSessionAdapter } from './browser-sessions.ts';
import { absent, all, any, atMost, changed, equals, exists, missing, setIfAbsent } from './conditions.ts';
import type { AdapterDeps } from './deps.ts';
import type { Write } from './engine.ts';
import { ProofUsedError } from './errors.ts';
import { sealedNote } from './grants.ts';
import { grantIdOf, ibSessionIdOf, isPrefixedModel, isTokenValueOf } from './handles.ts';
import { type AttributeScalar, type Item, type Key, numberOf } from './items.ts';
import { fromItem, isOutdated, type Payload, recordKey, sealingAnew, standsOn, toItem } from './records.ts';
import { createRefreshTokenAdapter } from './refresh-tokens.ts';
import { addingGrant, removeGrant, revokeGrant, sessionOf } from './session-grants.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** The factory that node-oidc-provider takes as `adapter`. */
export function createOidcAdapter(deps: AdapterDeps): (model: string) => Adapter {
  return (model) => {
    if (model === 'Grant') return grantAdapter(deps);
    if (model === 'RefreshToken') {
      const plain = plainAdapter(deps, model);
      return createRefreshTokenAdapter(deps, { plain, consume: (id) => consumeWithFlush(deps, model, id) });
    }
    if (model === 'Session') return createSessionAdapter(deps, plainAdapter(deps, model));
    if (model === 'ReplayDetection') return replayAdapter(deps);
    if (model === 'DeviceCode') return deviceCodeAdapter(deps);
    return plainAdapter(deps, model);
  };
}

interface Put {
  readonly model: string;
  readonly id: string;
  readonly payload: unknown;
  readonly expiresIn: number | undefined;
  readonly clear?: Readonly<Record<string, AttributeScalar | undefined>>;
}

/** Clients registered at run time (RFC 7591), and whose a domain is, do not expire; far enough to be never. */
export const NEVER_SECONDS = 100 * 365 * 86_400;

function put(deps: AdapterDeps, unit: UnitOfWork, facts: Put): void {
  const expires = Math.floor(deps.now() / 1000) + (facts.expiresIn ?? NEVER_SECONDS);
  unit.put(recordKey(facts.model, facts.id), toItem({ ...facts, expires, sealer: deps.sealer }));
}

async function read(unit: UnitOfWork, model: string, id: string): Promise<Item | undefined> {
  return unit.get(recordKey(model, id), standsOn(model, id));
}

function decode(deps: AdapterDeps, model: string, id: string, item: Item | undefined): Payload | undefined {
  const nowSeconds = Math.floor(deps.now() / 1000);
  return fromItem({ model, id, item, nowSeconds, sealer: deps.sealer });
}

function plainAdapter(deps: AdapterDeps, model: string): Adapter {
  const { units } = deps;
  const find = (id: string): Promise<AdapterPayload | undefined> =>
    units.within(async (unit) => {
      // A value without this model's prefix is another kind of token: not found, and no read spent on it.
      if (isPrefixedModel(model) && !isTokenValueOf(model, id)) return undefined;
      const item = await read(unit, model, id);
      const payload = decode(deps, model, id, item);
      if (payload === undefined || item === undefined) return undefined;
      if (isOutdated(model, item, deps.sealer)) {
        unit.write(sealingAnew(recordKey(model, id), item, { model, id, payload, sealer: deps.sealer }));
      }
      const consumedAtMs = numberOf(item, 'consumedAtMs');
      return consumedAtMs === undefined ? payload : { ...payload, consumed: Math.floor(consumedAtMs / 1000) };
    });

  return {
    find,
    upsert: (id, payload, expiresIn) =>
      units.within(async (unit) => put(deps, unit, { model, id, payload, expiresIn })),
    destroy: (id) => units.within(async (unit) => unit.delete(recordKey(model, id))),
    consume: (id) => consumeWithFlush(deps, model, id),
    findByUid: (uid) =>
      units.within(async (unit) => decode(deps, model, uid, await unit.get(recordKey(model, uid)))),
    findByUserCode: async () => undefined,
    // Tokens live only as long as their Grant, which node-oidc-provider deletes in the same step: nothing to collect,
    // however many tokens there are.
    revokeByGrantId: async () => undefined,
  };
}

/** What marks a record as used: by one caller, where it can be used `once`. */
function consuming(deps: AdapterDeps, key: Key, once = true): Extract<Write, { op: 'update' }> {
  const nonce = randomBytes(12).toString('base64url');
  const unused = any(absent('consumedAtMs'), equals('consumedBy', nonce));
  return {
    op: 'update',
    key,
    changes: [setIfAbsent('consumedAtMs', deps.now()), setIfAbsent('consumedBy', nonce)],
    condition: once ? all(exists, unused) : exists,
  };
}

/**
 * Uses a record up together with what it gives: the flush stands or falls with it. Who was second with a code learns it
 * there, as `invalid_grant`; and since a code that two have is a stolen one (RFC 6749 4.1.2), what it has given is taken
 * back. Refresh tokens are used up any number of times, with one and the same successor.
 */
async function consumeWithFlush(deps: AdapterDeps, model: string, id: string): Promise<void> {
  const key = recordKey(model, id);
  const isPushed = model === 'PushedAuthorizationRequest';
  const once = model !== 'RefreshToken';
  await deps.units.within(async (unit) => {
    const write = consuming(deps, key, once);
    const before = unit.seen(key);
    if (before !== undefined) unit.remember(key, changed(key.pk, before, write.changes));
    async function lost(): Promise<Error> {
      if (isPushed) return new errors.InvalidRequestUri(`${model} was already used`);
      const grantId = once ? grantIdOf(id) : undefined;
      if (grantId !== undefined) await revokeGrant(deps.engine, recordKey('Grant', grantId));
      return new errors.InvalidGrant(`${model} was already used`);
    }
    // What a pushed request gives stands in several items that were there before: all of it goes first.
    unit.decide(write, { lost, isLast: isPushed });
  });
}

/** Grants are listed under their account, and counted on the IB session they stand on. */
function grantAdapter(deps: AdapterDeps): Adapter {
  const plain = plainAdapter(deps, 'Grant');
  return {
    ...plain,
    upsert: (id, payload, expiresIn) =>
      deps.units.within(async (unit) => {
        const { sealer } = deps;
        const accountId = payload.accountId ?? '';
        const { pk } = recordKey('Grant', id);
        const clear = {
          subject: sealer.hash('subject', accountId),
          summary: sealedNote(sealer, accountId, pk, payload),
          client: sealer.hash('client', payload.clientId ?? ''),
          lastUsedAt: Math.floor(deps.now() / 1000),
          ...sessionOf(id),
        };
        put(deps, unit, { model: 'Grant', id, payload, expiresIn, clear });
        const ibSessionId = ibSessionIdOf(id);
        if (ibSessionId !== undefined) unit.write(addingGrant(ibSessionId, pk));
      }),
    destroy: (id) =>
      deps.units.within(async (unit) => {
        const key = recordKey('Grant', id);
        // Before the token that it was revoked by, which must be there if the request has to be repeated.
        unit.write({ op: 'delete', key });
        unit.remember(key, undefined);
        const ibSessionId = ibSessionIdOf(id);
        if (ibSessionId !== undefined) {
          const session = await unit.get(recordKey('IbSession', ibSessionId));
          if (session !== undefined) {
            const ended = decode(deps, 'IbSession', ibSessionId, session) as IbSession | undefined;
            unit.defer(async () => {
              const isGone = await removeGrant(deps.engine, session, key.pk);
              if (isGone && ended !== undefined) await deps.onIbSessionEnded?.(ended);
            });
          }
        }
      }),
  };
}

/** How much longer than asked a `jti` is kept: some process, or the client, has another clock, and a proof from the future lives on. */
const REPLAY_MORE_SECONDS = 300;

/**
 * Proofs of clients that may be used once. The library looks one up, then saves it; two requests could both find nothing,
 * so it is saved under a condition that the unit stands or falls with: a request that is answered 503 has used nothing up.
 */
function replayAdapter(deps: AdapterDeps): Adapter {
  const model = 'ReplayDetection';
  return {
    ...plainAdapter(deps, model),
    upsert: (id, payload, expiresIn) =>
      deps.units.within(async (unit) => {
        const nowSeconds = Math.floor(deps.now() / 1000);
        const key = recordKey(model, id);
        const expires = nowSeconds + (expiresIn ?? 0) + REPLAY_MORE_SECONDS;
        const nonce = randomBytes(12).toString('base64url');
        const mine = equals('claimedBy', nonce);
        const item = { ...toItem({ model, id, payload, expires, sealer: deps.sealer }), claimedBy: nonce };
        unit.claim({
          write: { op: 'put', key, item, condition: any(missing, atMost('expires', nowSeconds), mine) },
          undo: { op: 'delete', key, condition: mine },
          lost: async () => new ProofUsedError(),
        });
        unit.remember(key, item);
      }),
  };
}

/** Of a user code: its index is kept under a keyed hash, since it has too few bits for a plain one (RFC 8628 section 6.1). */
const USER_CODE = 'user code';

/**
 * As its user finds it. The library locks a code from the confirmation on; whoever lost the answer to that would find it
 * used, though nothing was decided. What uses it up is the decision.
 */
function openToUsers({ inFlight: _inFlight, ...code }: AdapterPayload): AdapterPayload {
  return code;
}

/** Device codes are found by their user code too: an index item that ends with them. */
function deviceCodeAdapter(deps: AdapterDeps): Adapter {
  const plain = plainAdapter(deps, 'DeviceCode');
  return {
    ...plain,
    upsert: (id, payload, expiresIn) =>
      deps.units.within(async (unit) => {
        put(deps, unit, { model: 'DeviceCode', id, payload, expiresIn });
        if (typeof payload.userCode === 'string' && payload.accountId === undefined) {
          const index = deps.sealer.hash(USER_CODE, payload.userCode);
          put(deps, unit, { model: 'UserCode', id: index, payload: { deviceCode: id }, expiresIn });
        }
      }),
    findByUserCode: (userCode) =>
      deps.units.within(async (unit) => {
        const ids = deps.sealer.hashes(USER_CODE, userCode);
        unit.hint(ids.map((id) => recordKey('UserCode', id)));
        for (const id of ids) {
          const index = decode(deps, 'UserCode', id, await read(unit, 'UserCode', id));
          const deviceCode = index?.['deviceCode'];
          if (typeof deviceCode !== 'string') continue;
          const code = await plain.find(deviceCode);
          return code ? openToUsers(code) : undefined;
        }
        return undefined;
      }),
  };
}
