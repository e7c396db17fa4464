import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Adapter } from 'oidc-provider';
import { openStore, PEPPER, randomIbSessionId } from '../../support/engines.ts';
import { describeStores, ibSession, idFor, payloadOf, refusal } from './stores.ts';

const MODELS = [
  'Interaction',
  'AuthorizationCode',
  'AccessToken',
  'RefreshToken',
  'DeviceCode',
  'PushedAuthorizationRequest',
  'ClientCredentials',
  'Client',
  'InitialAccessToken',
];

describeStores('the models of the library in the store', (on) => {
  for (const model of MODELS) {
    describe(`keeps ${model}`, () => {
      let adapter: Adapter;
      before(() => {
        adapter = on.store.adapter(model);
      });

      it('as it was put, until it is replaced or destroyed', async () => {
        const id = idFor(model);
        expect(await adapter.find(id)).to.equal(undefined);
        await adapter.upsert(id, payloadOf({ jti: id, umlaut: 'ü', nested: { list: [1, null, 'x'] } }), 60);
        expect(await adapter.find(id)).to.deep.equal({
          jti: id,
          umlaut: 'ü',
          nested: { list: [1, null, 'x'] },
        });
        await adapter.upsert(id, payloadOf({ jti: id, other: true }), 60);
        // A slow repetition of a refresh writes the successor again, when it may have been used already.
        const isReplaced = model !== 'RefreshToken';
        expect('other' in ((await adapter.find(id)) ?? {})).to.equal(isReplaced);
        await adapter.destroy(id);
        expect(await adapter.find(id)).to.equal(undefined);
      });

      it('no longer than its time, though the engine deletes late', async () => {
        const id = idFor(model);
        await adapter.upsert(id, payloadOf({ jti: id }), 60);
        on.later(59);
        expect(await adapter.find(id)).to.not.equal(undefined);
        on.later(1);
        expect(await adapter.find(id)).to.equal(undefined);
      });
    });
  }

  it('finds a browser session by its id and its uid, and by no former id', async () => {
    const adapter = on.store.adapter('Session');
    const uid = 'u'.repeat(43);
    const [first, second] = [`${uid}${'a'.repeat(43)}`, `${uid}${'b'.repeat(43)}`];
    await adapter.upsert(first, payloadOf({ jti: first, uid }), 60);
    expect(await adapter.find(first)).to.include({ uid });
    expect(await adapter.findByUid(uid)).to.include({ jti: first });
    await on.store.unit(async () => {
      await adapter.destroy(first);
      await adapter.upsert(second, payloadOf({ jti: second, uid }), 60);
    });
    expect(await adapter.find(first)).to.equal(undefined);
    expect(await adapter.find(second)).to.include({ uid });
  });

  it('finds a device code by its user code', async () => {
    const adapter = on.store.adapter('DeviceCode');
    const id = idFor('DeviceCode');
    await adapter.upsert(id, payloadOf({ jti: id, userCode: 'BCDFGHJK' }), 600);
    expect(await adapter.findByUserCode('BCDFGHJK')).to.include({ jti: id });
    expect(await adapter.findByUserCode('BCDFGHJJ')).to.equal(undefined);
  });

  it('behaves as a simple model does, whatever the order of upsert, find, consume, destroy and time', async () => {
    const command = fc.oneof(
      fc.record({
        verb: fc.constant('upsert' as const),
        key: fc.nat(2),
        ttl: fc.integer({ min: 1, max: 30 }),
      }),
      fc.record({
        verb: fc.constantFrom('find' as const, 'consume' as const, 'destroy' as const),
        key: fc.nat(2),
      }),
      fc.record({ verb: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 20 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
        const adapter = on.store.adapter('AuthorizationCode');
        const ids = [0, 1, 2].map(() => idFor('AuthorizationCode'));
        const model = new Map<number, { until: number; consumed: boolean }>();
        for (const step of commands) {
          if (step.verb === 'wait') {
            on.later(step.seconds);
            continue;
          }
          const id = ids[step.key] ?? '';
          const known = model.get(step.key);
          const live = known !== undefined && known.until > Math.floor(on.now() / 1000);
          if (step.verb === 'upsert') {
            await adapter.upsert(id, payloadOf({ jti: id }), step.ttl);
            model.set(step.key, { until: Math.floor(on.now() / 1000) + step.ttl, consumed: false });
          } else if (step.verb === 'destroy') {
            await adapter.destroy(id);
            model.delete(step.key);
          } else if (step.verb === 'find') {
            const found = await adapter.find(id);
            expect(found !== undefined).to.equal(live);
            if (found !== undefined) expect('consumed' in found).to.equal(known?.consumed);
          } else if (live) {
            expect((await refusal(adapter.consume(id))) === undefined).to.equal(known.consumed === false);
            known.consumed = true;
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('sweeps what has expired and counts what lives', async () => {
    const own = await on.startEngine();
    const small = await openStore(own, { now: on.now });
    const adapter = small.adapter('Interaction');
    for (let index = 0; index < 30; index += 1) {
      const id = idFor('Interaction');
      await adapter.upsert(id, payloadOf({ jti: id }), index < 10 ? 10 : 1000);
    }
    on.later(20);
    expect((await small.stats())['Interaction']).to.include({ live: 20, expired: 10 });
    const nowSeconds = Math.floor(on.now() / 1000);
    await small.ibSessions.put(randomIbSessionId(), { ...ibSession, endsAt: nowSeconds + 100 });
    await small.ibSessions.put(randomIbSessionId(), { ...ibSession, endsAt: nowSeconds - 1 });
    expect(await small.sweep()).to.deep.equal({ deleted: 11, ibSessions: 1 });
    expect((await small.stats())['Interaction']).to.include({ live: 20, expired: 0 });
    await small.close();
    await own.close();
  });

  it('opens what an older pepper sealed, and nothing with an unknown one', async () => {
    const adapter = on.store.adapter('Interaction');
    const id = idFor('Interaction');
    await adapter.upsert(id, payloadOf({ jti: id }), 600);
    const fresh = { id: 'p2', key: new Uint8Array(randomBytes(32)) };
    const rotated = await openStore(on.engine, { now: on.now, peppers: () => [fresh, PEPPER] });
    expect(await rotated.adapter('Interaction').find(id)).to.deep.equal({ jti: id });
    const stranger = await openStore(on.engine, { now: on.now, peppers: () => [fresh] });
    expect(await stranger.adapter('Interaction').find(id)).to.equal(undefined);
    await Promise.all([rotated.close(), stranger.close()]);
  });
});
