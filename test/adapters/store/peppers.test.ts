import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { AdapterPayload } from 'oidc-provider';
import { newGrantId, newTokenValue } from '../../../adapters/store/handles.ts';
import type { Pepper } from '../../../adapters/store/seal.ts';
import {
  openStore,
  randomIbSessionId,
  startEngine,
  type TestEngine,
  type TestStore,
} from '../../support/engines.ts';

const pepper = (id: string): Pepper => ({ id, key: new Uint8Array(randomBytes(32)) });
const [first, second] = [pepper('p1'), pepper('p2')];
const payload = (facts: object): AdapterPayload => facts as AdapterPayload;

describe('a store whose peppers rotate', () => {
  let engine: TestEngine;
  /** By the peppers it knows: the first alone, then both with the second in use, then the second alone. */
  let before: TestStore;
  let between: TestStore;
  let afterwards: TestStore;
  beforeEach(async () => {
    engine = await startEngine();
    before = await openStore(engine, { peppers: () => [first] });
    between = await openStore(engine, { peppers: () => [second, { ...first, isRetired: true }] });
    afterwards = await openStore(engine, { peppers: () => [second] });
  });
  afterEach(async () => {
    await Promise.all([before, between, afterwards].map((store) => store.close()));
    await engine.close();
  });

  for (const model of ['Client', 'RegistrationAccessToken']) {
    it(`seals a ${model} anew when it is used, and keeps it so`, async () => {
      await before.adapter(model).upsert('id', payload({ a: 1 }), 9000);
      await before.adapter(model).upsert('unused', payload({ a: 2 }), 9000);
      expect(await between.adapter(model).find('id')).to.deep.equal({ a: 1 });
      expect(await afterwards.adapter(model).find('id')).to.deep.equal({ a: 1 });
      expect(await afterwards.adapter(model).find('unused')).to.equal(undefined);
    });
  }

  it('seals by command what nobody uses, without what it is looked up by, and counts what stands on each pepper', async () => {
    await before.adapter('Client').upsert('c1', payload({ a: 1 }), 9000);
    await before.adapter('RegistrationAccessToken').upsert('r1', payload({ a: 2 }), 9000);
    await before.adapter('Interaction').upsert('i1', payload({ a: 3 }), 600);
    await between.adapter('Interaction').upsert('i2', payload({ a: 4 }), 600);
    const { sealedAnew, standing } = await between.sealAnew();
    expect(sealedAnew).to.equal(2);
    expect([...standing].sort()).to.deep.equal([
      ['p1', 1],
      ['p2', 1],
    ]);
    expect((await between.sealAnew()).sealedAnew, 'again').to.equal(0);
    expect(await afterwards.adapter('Client').find('c1')).to.deep.equal({ a: 1 });
    expect(await afterwards.adapter('RegistrationAccessToken').find('r1')).to.deep.equal({ a: 2 });
  });

  it('finds devices by user codes that were given out before', async () => {
    const id = newTokenValue('DeviceCode', undefined);
    await before.adapter('DeviceCode').upsert(id, payload({ jti: id, userCode: 'BCDFGHJK' }), 600);
    expect(await between.adapter('DeviceCode').findByUserCode('BCDFGHJK')).to.include({ jti: id });
    expect(await afterwards.adapter('DeviceCode').findByUserCode('BCDFGHJK')).to.equal(undefined);
  });

  it('never brings back an app that is removed while it is sealed anew', async () => {
    await before.adapter('Client').upsert('c1', payload({ a: 1 }), 9000);
    await between.unit(async () => {
      expect(await between.adapter('Client').find('c1')).to.deep.equal({ a: 1 });
      await before.adapter('Client').destroy('c1');
    });
    expect(await between.adapter('Client').find('c1')).to.equal(undefined);
    expect((await between.stats())['Client']).to.equal(undefined);
  });

  it('gives a repeated refresh the same successor, whichever pepper is in use by then', async () => {
    const rotated = newTokenValue('RefreshToken', newGrantId(randomIbSessionId()));
    await before.adapter('RefreshToken').upsert(rotated, payload({ jti: rotated }), 600);
    const successorsOf = (store: TestStore) =>
      store.unit(async () => {
        await store.adapter('RefreshToken').find(rotated);
        return [
          store.successor('RefreshToken', rotated, ''),
          store.successor('AccessToken', rotated, 'openid'),
        ];
      });
    expect(await successorsOf(between)).to.deep.equal(await successorsOf(before));
  });

  it('lists and takes back access that was given under either', async () => {
    for (const store of [before, between]) {
      const id = newGrantId(randomIbSessionId());
      await store.adapter('Grant').upsert(id, payload({ accountId: '6M0B.x', clientId: 'web', iat: 1 }), 600);
    }
    const listed = await between.grantsOf('6M0B.x');
    expect(listed.map(({ clientId }) => clientId)).to.deep.equal(['web', 'web']);
    expect(await between.revokeGrantsOf('6M0B.x', { clientId: 'web' })).to.equal(2);
    expect(await between.grantsOf('6M0B.x')).to.deep.equal([]);
  });
});
