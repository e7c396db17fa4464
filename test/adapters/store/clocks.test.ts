import { expect } from 'chai';
import type { AdapterPayload } from 'oidc-provider';
import { pendingAttempt, pollWish } from '../../support/attempts.ts';
import { openStore, startEngine, type TestEngine, type TestStore } from '../../support/engines.ts';

const SKEW_MS = 30_000;
const INTERVAL_MS = 2000;

describe('two stores on one engine, their clocks 30 s apart', () => {
  let engine: TestEngine;
  let right: TestStore;
  let ahead: TestStore;
  let nowMs = 1_800_000_000_000;
  before(async () => {
    engine = await startEngine();
    right = await openStore(engine, { now: () => nowMs });
    ahead = await openStore(engine, { now: () => nowMs + SKEW_MS });
  });
  after(async () => {
    await Promise.all([right.close(), ahead.close()]);
    await engine.close();
  });

  it('ask IB once an interval, and neither waits for the other’s clock', async () => {
    const id = { uid: 'u', browser: 'b' };
    const attempt = pendingAttempt(nowMs + SKEW_MS);
    await ahead.attempts.start(id, attempt);
    const asked = async (store: TestStore, storeNowMs: number, isLooking = false) =>
      (await store.attempts.claimPoll(id, { ...pollWish(storeNowMs, attempt), isLooking })).outcome;
    expect(await asked(ahead, nowMs + SKEW_MS)).to.equal('claimed');
    expect(await asked(ahead, nowMs + SKEW_MS), 'again at once').to.equal('not_yet');
    const both = await Promise.all([asked(right, nowMs), asked(right, nowMs)]);
    expect(both.sort(), 'one of two at once').to.deep.equal(['claimed', 'not_yet']);
    expect(await asked(right, nowMs), 'again at once').to.equal('not_yet');
    nowMs += INTERVAL_MS;
    expect(await asked(right, nowMs)).to.equal('claimed');
    expect(await asked(ahead, nowMs + SKEW_MS)).to.equal('claimed');
    expect(await asked(right, nowMs, true), 'looked at, by a clock that is behind').to.equal('claimed');
  });

  it('remember a used jti for as long as either takes the proof', async () => {
    const use = async (store: TestStore, jti: string) => {
      const adapter = store.adapter('ReplayDetection');
      if ((await adapter.find(jti)) !== undefined) return false;
      // A proof is taken for 60 s before and after its time, by the clock of whoever is asked.
      await adapter.upsert(jti, { jti, kind: 'ReplayDetection' } as AdapterPayload, 60);
      return true;
    };
    expect(await use(right, 'proof')).to.equal(true);
    nowMs += 60_000 + SKEW_MS;
    expect(await use(ahead, 'proof')).to.equal(false);
    nowMs += 600_000;
    expect(await use(right, 'proof'), 'not for ever').to.equal(true);
  });
});
