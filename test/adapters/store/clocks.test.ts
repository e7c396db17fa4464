import { expect } from 'chai';
import type { AdapterPayload } from 'oidc-provider';
import type { LoginAttempt } from '../../../adapters/store/contract.ts';
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
    right = openStore(engine, { now: () => nowMs });
    ahead = openStore(engine, { now: () => nowMs + SKEW_MS });
  });
  after(async () => {
    await Promise.all([right.close(), ahead.close()]);
    await engine.close();
  });

  const attempt = (startedAtMs: number): LoginAttempt => ({
    attemptId: 'a',
    generation: 'g',
    platformOrigin: 'https://acme.intelligencebank.com',
    loginToken: 't',
    startedAtMs,
    deadlineAtMs: startedAtMs + 900_000,
    expires: Math.floor(startedAtMs / 1000) + 3600,
    status: 'pending',
    refusedReason: undefined,
    renewals: 0,
    failures: 0,
    intervalMs: INTERVAL_MS,
    nextPollAtMs: startedAtMs,
    session: undefined,
  });

  it('ask IB once an interval, and neither waits for the other’s clock', async () => {
    const id = { uid: 'u', browser: 'b' };
    await ahead.attempts.start(id, attempt(nowMs + SKEW_MS));
    const asked = async (store: TestStore, storeNowMs: number) =>
      (await store.attempts.claimPoll(id, 'g', storeNowMs)).outcome;
    expect(await asked(ahead, nowMs + SKEW_MS)).to.equal('claimed');
    expect(await asked(ahead, nowMs + SKEW_MS), 'again at once').to.equal('not_yet');
    const both = await Promise.all([asked(right, nowMs), asked(right, nowMs)]);
    expect(both.sort(), 'one of two at once').to.deep.equal(['claimed', 'not_yet']);
    expect(await asked(right, nowMs), 'again at once').to.equal('not_yet');
    nowMs += INTERVAL_MS;
    expect(await asked(right, nowMs)).to.equal('claimed');
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
