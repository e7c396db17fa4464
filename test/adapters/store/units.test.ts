import { expect } from 'chai';
import { ProofUsedError } from '../../../adapters/store/errors.ts';
import { describeStores, idFor, payloadOf, refusal, useProof } from './stores.ts';

describeStores('a unit of work of the store', (on) => {
  it('leaves a proof (`jti`) unused where its unit was not kept', async () => {
    const [jti, code] = [idFor('ReplayDetection'), idFor('AuthorizationCode')];
    await on.store.adapter('AuthorizationCode').upsert(code, payloadOf({ jti: code }), 60);
    const broken = on.store.unit(async () => {
      await useProof(on.store, { jti, code });
      throw new Error('broken');
    });
    expect(await refusal(broken)).to.be.an('error');
    expect(await refusal(on.store.unit(() => useProof(on.store, { jti, code })))).to.equal(undefined);
    expect(await refusal(on.store.unit(() => useProof(on.store, { jti, code })))).to.be.instanceOf(
      ProofUsedError,
    );
  });

  it('takes one proof (`jti`) for one purpose in one unit', async () => {
    const jti = idFor('ReplayDetection');
    const found = await on.store.unit(async () => {
      const proofs = on.store.adapter('ReplayDetection');
      await proofs.upsert(jti, payloadOf({ jti }), 60);
      return proofs.find(jti);
    });
    expect(found).to.include({ jti });
  });

  it('shows its own writes, flushes them in one call, and writes nothing when the work fails', async () => {
    const adapter = on.store.adapter('Interaction');
    const ids = [idFor('Interaction'), idFor('Interaction')] as const;
    await on.store.unit(async () => {
      for (const id of ids) await adapter.upsert(id, payloadOf({ jti: id }), 60);
      expect(await adapter.find(ids[0])).to.deep.equal({ jti: ids[0] });
    });
    expect(on.store.calls.map(({ items }) => items)).to.deep.equal([2]);
    const lost = idFor('Interaction');
    const failed = on.store.unit(async () => {
      await adapter.upsert(lost, payloadOf({ jti: lost }), 60);
      throw new Error('the work failed');
    });
    expect(await refusal(failed)).to.be.an.instanceOf(Error);
    expect(await adapter.find(lost)).to.equal(undefined);
  });

  it('writes more than one batch takes', async () => {
    const ids = Array.from({ length: 60 }, () => idFor('Interaction'));
    const adapter = on.store.adapter('Interaction');
    await on.store.unit(async () => {
      for (const id of ids) await adapter.upsert(id, payloadOf({ jti: id }), 60);
    });
    for (const id of ids) expect(await adapter.find(id)).to.deep.equal({ jti: id });
  });
});
