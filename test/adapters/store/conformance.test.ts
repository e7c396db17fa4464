import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { IbSession } from '../../../adapters/ib/session.ts';
import type { LoginAttempt } from '../../../adapters/store/contract.ts';
import { ProofUsedError } from '../../../adapters/store/errors.ts';
import { newGrantId, newTokenValue, type PrefixedModel } from '../../../adapters/store/handles.ts';
import { pendingAttempt, pollWish } from '../../support/attempts.ts';
import {
  ENGINES,
  openStore,
  PEPPER,
  randomIbSessionId,
  type TestEngine,
  type TestStore,
} from '../../support/engines.ts';

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
const PREFIXED: readonly string[] = [
  'AuthorizationCode',
  'AccessToken',
  'RefreshToken',
  'DeviceCode',
  'ClientCredentials',
];

const idFor = (model: string, grantId?: string): string =>
  PREFIXED.includes(model)
    ? newTokenValue(model as PrefixedModel, grantId)
    : randomBytes(32).toString('base64url');
const payloadOf = (facts: object): AdapterPayload => facts as AdapterPayload;

for (const [name, startEngine] of Object.entries(ENGINES)) {
  describe(`the store on ${name}`, function () {
    this.timeout(60_000);
    suite(startEngine);
  });
}

function suite(startEngine: () => Promise<TestEngine>): void {
  let engine: TestEngine;
  let store: TestStore;
  /** More openings of the same store, as other processes have. */
  let others: TestStore[];
  let all: TestStore[];
  let nowMs = 1_800_000_000_000;
  const later = (seconds: number): void => {
    nowMs += seconds * 1000;
  };

  before(async () => {
    engine = await startEngine();
    store = await openStore(engine, { now: () => nowMs });
    others = await Promise.all([1, 2].map(() => openStore(engine, { now: () => nowMs })));
    all = [store, ...others];
  });
  after(async () => {
    for (const opened of all) await opened.close();
    await engine.close();
  });
  beforeEach(() => {
    store.calls.length = 0;
  });

  async function refusal(work: Promise<unknown> | undefined): Promise<unknown> {
    return Promise.resolve(work).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** As the library does it: looks a proof up, notes it, and uses a code. */
  async function useProof(of: TestStore, { jti, code }: { jti: string; code: string }): Promise<void> {
    const proofs = of.adapter('ReplayDetection');
    if ((await proofs.find(jti)) !== undefined) throw new ProofUsedError();
    await proofs.upsert(jti, payloadOf({ jti }), 60);
    await of.adapter('AuthorizationCode').consume(code);
  }

  it('leaves a proof (`jti`) unused where its unit was not kept', async () => {
    const [jti, code] = [idFor('ReplayDetection'), idFor('AuthorizationCode')];
    await store.adapter('AuthorizationCode').upsert(code, payloadOf({ jti: code }), 60);
    const broken = store.unit(async () => {
      await useProof(store, { jti, code });
      throw new Error('broken');
    });
    expect(await refusal(broken)).to.be.an('error');
    expect(await refusal(store.unit(() => useProof(store, { jti, code })))).to.equal(undefined);
    expect(await refusal(store.unit(() => useProof(store, { jti, code })))).to.be.instanceOf(ProofUsedError);
  });

  it('takes one proof (`jti`) for one purpose in one unit', async () => {
    const jti = idFor('ReplayDetection');
    const found = await store.unit(async () => {
      const proofs = store.adapter('ReplayDetection');
      await proofs.upsert(jti, payloadOf({ jti }), 60);
      return proofs.find(jti);
    });
    expect(found).to.include({ jti });
  });

  for (const model of MODELS) {
    describe(`keeps ${model}`, () => {
      let adapter: Adapter;
      before(() => {
        adapter = store.adapter(model);
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
        later(59);
        expect(await adapter.find(id)).to.not.equal(undefined);
        later(1);
        expect(await adapter.find(id)).to.equal(undefined);
      });
    });
  }

  it('finds a browser session by its id and its uid, and by no former id', async () => {
    const adapter = store.adapter('Session');
    const uid = 'u'.repeat(43);
    const [first, second] = [`${uid}${'a'.repeat(43)}`, `${uid}${'b'.repeat(43)}`];
    await adapter.upsert(first, payloadOf({ jti: first, uid }), 60);
    expect(await adapter.find(first)).to.include({ uid });
    expect(await adapter.findByUid(uid)).to.include({ jti: first });
    await store.unit(async () => {
      await adapter.destroy(first);
      await adapter.upsert(second, payloadOf({ jti: second, uid }), 60);
    });
    expect(await adapter.find(first)).to.equal(undefined);
    expect(await adapter.find(second)).to.include({ uid });
  });

  describe('a browser session that two requests write at once', () => {
    const uid = (): string => randomBytes(32).toString('base64url');
    /** Both read it before either writes. */
    async function together(
      id: string,
      changes: readonly ((session: AdapterPayload) => object | undefined)[],
    ) {
      let read = 0;
      let go: () => void = () => undefined;
      const allRead = new Promise<void>((resolve) => {
        go = resolve;
      });
      await Promise.all(
        changes.map((change, at) => {
          const { unit, adapter } = all[at] ?? store;
          return unit(async () => {
            const session = (await adapter('Session').find(id)) as AdapterPayload;
            read += 1;
            if (read === changes.length) go();
            await allRead;
            const next = change(session);
            if (next === undefined) await adapter('Session').destroy(id);
            else await adapter('Session').upsert(id, payloadOf(next), 60);
          });
        }),
      );
    }
    const authorizing = (app: string) => (session: AdapterPayload) => ({
      ...session,
      authorizations: { ...(session['authorizations'] as object), [app]: { grantId: app } },
    });

    it('keeps what each has added', async () => {
      const id = uid() + uid();
      await store.adapter('Session').upsert(id, payloadOf({ jti: id, accountId: 'a' }), 60);
      await together(id, ['one', 'two', 'three'].map(authorizing));
      const session = await store.adapter('Session').find(id);
      expect(session).to.have.property('authorizations').that.has.all.keys('one', 'two', 'three');
    });

    it('does not come back once it has been destroyed', async () => {
      for (let round = 0; round < 5; round += 1) {
        const id = uid() + uid();
        await store.adapter('Session').upsert(id, payloadOf({ jti: id, accountId: 'a' }), 60);
        await together(id, [() => undefined, authorizing('one'), authorizing('two')]);
        expect(await store.adapter('Session').find(id)).to.equal(undefined);
      }
    });
  });

  it('finds a device code by its user code', async () => {
    const adapter = store.adapter('DeviceCode');
    const id = idFor('DeviceCode');
    await adapter.upsert(id, payloadOf({ jti: id, userCode: 'BCDFGHJK' }), 600);
    expect(await adapter.findByUserCode('BCDFGHJK')).to.include({ jti: id });
    expect(await adapter.findByUserCode('BCDFGHJJ')).to.equal(undefined);
  });

  describe('lets one of many at once', () => {
    const rounds = 20;
    const contenders = 50;
    const contender = (at: number): TestStore => all[at % all.length] ?? store;

    it(`consume a code: ${rounds} rounds of ${contenders}`, async () => {
      const adapter = store.adapter('AuthorizationCode');
      for (let round = 0; round < rounds; round += 1) {
        const id = idFor('AuthorizationCode');
        await adapter.upsert(id, payloadOf({ jti: id }), 60);
        const results = await Promise.all(
          Array.from({ length: contenders }, (_, at) =>
            refusal(contender(at).adapter('AuthorizationCode').consume(id)),
          ),
        );
        expect(results.filter((error) => error === undefined)).to.have.length(1);
        expect(results.filter((error) => error instanceof errors.InvalidGrant)).to.have.length(
          contenders - 1,
        );
        expect(await adapter.find(id)).to.have.property('consumed');
      }
    });

    it('use a proof (`jti`): what the others have come with is as unused as before', async () => {
      for (let round = 0; round < 10; round += 1) {
        const jti = idFor('ReplayDetection');
        const codes = Array.from({ length: contenders }, () => idFor('AuthorizationCode'));
        for (const id of codes)
          await store.adapter('AuthorizationCode').upsert(id, payloadOf({ jti: id }), 60);
        const refusals = await Promise.all(
          codes.map((code, at) => refusal(contender(at).unit(() => useProof(contender(at), { jti, code })))),
        );
        expect(refusals.filter((error) => error instanceof ProofUsedError)).to.have.length(contenders - 1);
        for (const [at, code] of codes.entries()) {
          const isUsed = 'consumed' in ((await store.adapter('AuthorizationCode').find(code)) ?? {});
          expect(isUsed).to.equal(refusals[at] === undefined);
        }
      }
    });

    it('begin a login where there is none, or in place of the one that they have read', async () => {
      const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
      let before: LoginAttempt | undefined;
      for (const round of ['r1', 'r2', 'r3']) {
        const begun = await Promise.all(
          Array.from({ length: contenders }, (_, at) =>
            contender(at).attempts.begin(id, attemptOf({ generation: `${round}-${at}` }), before),
          ),
        );
        expect(begun.filter(Boolean), round).to.have.length(1);
        before = await store.attempts.current(id);
        expect(before?.generation).to.equal(`${round}-${begun.indexOf(true)}`);
      }
      if (before === undefined) throw new Error();
      await store.attempts.finish(id, {
        ...before,
        status: 'signed_in',
        loginTokens: [],
        session: ibSession,
      });
      expect(await store.attempts.begin(id, attemptOf({}), before), 'the user has signed in').to.equal(false);
    });

    it('poll IB, and none before the interval has passed', async () => {
      const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
      const attempt = attemptOf({ nextPollAtMs: nowMs });
      await store.attempts.start(id, attempt);
      const claim = (at = 0) => contender(at).attempts.claimPoll(id, wishOf(attempt));
      const claims = await Promise.all(Array.from({ length: contenders }, (_, at) => claim(at)));
      expect(claims.filter(({ outcome }) => outcome === 'claimed')).to.have.length(1);
      later(1);
      expect((await claim()).outcome).to.equal('not_yet');
      later(1);
      expect((await claim()).outcome).to.equal('claimed');
    });

    it('poll IB where the user looks at the page, whatever the interval, but not against its own wish', async () => {
      const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
      const attempt = attemptOf({ intervalMs: 30_000, nextPollAtMs: nowMs + 30_000, seenAtMs: nowMs });
      await store.attempts.start(id, attempt);
      const look = () => store.attempts.claimPoll(id, { ...wishOf(attempt), isLooking: true });
      expect((await look()).outcome, 'seen a moment ago').to.equal('not_yet');
      later(1);
      expect((await store.attempts.claimPoll(id, wishOf(attempt))).outcome).to.equal('not_yet');
      const looks = await Promise.all(Array.from({ length: contenders }, look));
      expect(looks.filter(({ outcome }) => outcome === 'claimed')).to.have.length(1);
      later(1);
      expect((await look()).outcome).to.equal('claimed');
      await store.attempts.pace(id, { ...attempt, seenAtMs: nowMs, retryAtMs: nowMs + 5_000 });
      later(4);
      expect((await look()).outcome, 'IB wants to be left alone').to.equal('not_yet');
      later(1);
      expect((await look()).outcome).to.equal('claimed');
    });

    it('poll IB until the page has not been seen for as long as a page is left, a sight of it counting', async () => {
      const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
      const attempt = attemptOf({ seenAtMs: nowMs });
      await store.attempts.start(id, attempt);
      later(299);
      await store.attempts.see(id, attempt, nowMs);
      later(299);
      expect((await store.attempts.claimPoll(id, wishOf(attempt))).outcome).to.equal('claimed');
      later(299);
      expect((await store.attempts.claimPoll(id, wishOf(attempt))).outcome).to.equal('claimed');
      later(300);
      for (const isLooking of [false, true])
        expect((await store.attempts.claimPoll(id, { ...wishOf(attempt), isLooking })).outcome).to.equal(
          'not_yet',
        );
      const another = { ...attempt, attemptId: 'another' };
      await store.attempts.see(id, another, nowMs);
      expect((await store.attempts.claimPoll(id, wishOf(attempt))).outcome, 'another was seen').to.equal(
        'not_yet',
      );
    });

    it('take the last call of a limit', async () => {
      const take = (at = 0) =>
        contender(at).take({ name: 'test', subject: 's', limit: 30, windowSeconds: 60, block: 1 });
      const grants = await Promise.all(Array.from({ length: contenders }, (_, at) => take(at)));
      expect(grants.reduce((sum, { granted }) => sum + granted, 0)).to.equal(30);
      later(60);
      expect((await take()).granted).to.equal(1);
    });
  });

  const attemptOf = (facts: Partial<LoginAttempt>) => pendingAttempt(nowMs, facts);
  const wishOf = (attempt: LoginAttempt) => pollWish(nowMs, attempt);
  const ibSession: IbSession = {
    sid: 'the-sid',
    apiUrl: 'https://api.intelligencebank.com',
    platformUrl: 'https://acme.intelligencebank.com',
    clientid: '6M0B',
    userUuid: 'u',
    loginTime: 1,
    timeoutPeriodHours: 24,
    endsAt: 4_000_000_000,
  };

  it('keeps the first success of a login attempt, against renewals and second successes', async () => {
    const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
    const attempt = attemptOf({});
    await store.attempts.start(id, attempt);
    const other = { value: 'other', issuedAtMs: nowMs };
    const renewed = { ...attempt, generation: 'g2', loginTokens: [other, ...attempt.loginTokens] };
    expect(await store.attempts.renew(id, 'g1', renewed)).to.equal(true);
    expect(await store.attempts.renew(id, 'g1', { ...attempt, generation: 'g3' })).to.equal(false);
    const done: LoginAttempt = { ...attempt, status: 'signed_in', loginTokens: [], session: ibSession };
    expect(await store.attempts.finish(id, done), 'by the poll that began before the renewal').to.equal(true);
    expect(await store.attempts.finish(id, done)).to.equal(false);
    expect(await store.attempts.renew(id, 'g2', renewed)).to.equal(false);
    expect(await store.attempts.find(id)).to.deep.include({ status: 'signed_in', session: ibSession });
    expect(await store.attempts.find({ ...id, browser: 'another' })).to.equal(undefined);
  });

  it('remembers which customer of IB a domain answers for, from the flush on', async () => {
    const host = `${randomBytes(8).toString('hex')}.acme.com`;
    expect(await store.platformClients.clientidOf(host)).to.equal(undefined);
    await store.unit(() => store.platformClients.remember(host, '6M0B'));
    later(10 * 365 * 86_400);
    expect(await store.platformClients.clientidOf(host)).to.equal('6M0B');
    expect(await store.platformClients.clientidOf(`x${host}`)).to.equal(undefined);
  });

  it('counts the different accounts that signed in from an address within an hour', async () => {
    const address = randomBytes(8).toString('hex');
    const counts: number[] = [];
    const note = (accountId: string, from = address) =>
      store.unit(() => store.noteSignIn({ address: from, accountId, told: (count) => counts.push(count) }));
    for (const account of ['6M0B.a', '6M0B.a', '7q2C.a', '6M0B.b']) await note(account);
    expect(counts).to.deep.equal([1, 1, 2, 3]);
    await note('6M0B.c', `${address}0`);
    later(3600);
    await note('6M0B.c');
    expect(counts.slice(4), 'another address, and another hour').to.deep.equal([1, 1]);
    await Promise.all(Array.from({ length: 300 }, (_, at) => note(`6M0B.user${at}`)));
    expect(Math.max(...counts)).to.be.within(270, 301);
  });

  describe('with a sign-in of two apps', () => {
    let ibSessionId: string;
    let grants: [string, string];
    beforeEach(async () => {
      ibSessionId = randomIbSessionId();
      grants = [newGrantId(ibSessionId), newGrantId(ibSessionId)];
      await store.unit(() => store.ibSessions.put(ibSessionId, ibSession));
      for (const [at, grantId] of grants.entries()) {
        const payload = payloadOf({ jti: grantId, accountId: '6M0B.u', clientId: `app${at}`, iat: 1 });
        await store.unit(() => store.adapter('Grant').upsert(grantId, payload, 600) as Promise<void>);
      }
      store.calls.length = 0;
    });

    it('reads token, Grant and IB session in one consistent batch', async () => {
      const value = newTokenValue('AccessToken', grants[0]);
      await store.adapter('AccessToken').upsert(value, payloadOf({ jti: value }), 60);
      store.calls.length = 0;
      await store.unit(async () => {
        expect(await store.adapter('AccessToken').find(value)).to.not.equal(undefined);
        expect(await store.adapter('Grant').find(grants[0])).to.include({ clientId: 'app0' });
        expect(await store.ibSessions.find(ibSessionId)).to.deep.equal(ibSession);
        expect(await store.adapter('RefreshToken').find(value)).to.equal(undefined);
      });
      expect(store.calls.map(({ items }) => items)).to.deep.equal([3]);
    });

    it('ends the IB session with the last Grant, not before', async () => {
      const [first, second] = grants;
      await store.unit(() => store.adapter('Grant').destroy(first) as Promise<void>);
      expect(await store.ibSessions.find(ibSessionId)).to.deep.equal(ibSession);
      await store.unit(() => store.adapter('Grant').destroy(second) as Promise<void>);
      expect(await store.ibSessions.find(ibSessionId)).to.equal(undefined);
    });

    it('ends it too when both go at once', async () => {
      await Promise.all(
        grants.map((grantId) => store.unit(() => store.adapter('Grant').destroy(grantId) as Promise<void>)),
      );
      expect(await store.ibSessions.find(ibSessionId)).to.equal(undefined);
    });

    it('ends all grants with the IB session', async () => {
      await store.unit(() => store.ibSessions.end(ibSessionId));
      for (const grantId of grants) expect(await store.adapter('Grant').find(grantId)).to.equal(undefined);
    });

    it('lists the grants of an account and revokes those of one app, however many, and nobody else’s', async () => {
      const appsOf = async (account: string) =>
        (await store.grantsOf(account)).map(({ clientId }) => clientId);
      expect(await appsOf('6M0B.u')).to.include.members(['app0', 'app1']);
      const eager = payloadOf({ accountId: '6M0B.u', clientId: 'eager', iat: 1 });
      for (let more = 0; more < 250; more += 1) {
        await store.adapter('Grant').upsert(newGrantId(ibSessionId), eager, 3600);
      }
      expect(await store.revokeGrantsOf('someone.else', { clientId: 'eager' })).to.equal(0);
      expect(await store.revokeGrantsOf('6M0B.u', { clientId: 'nobody' })).to.equal(0);
      expect(await store.revokeGrantsOf('6M0B.u', { clientId: 'eager' })).to.equal(250);
      expect(await appsOf('6M0B.u'))
        .to.include.members(['app0', 'app1'])
        .and.not.include('eager');
      expect(await appsOf('someone.else')).to.deep.equal([]);
    });
  });

  describe('as a unit of work', () => {
    it('shows its own writes, flushes them in one call, and writes nothing when the work fails', async () => {
      const adapter = store.adapter('Interaction');
      const ids = [idFor('Interaction'), idFor('Interaction')] as const;
      await store.unit(async () => {
        for (const id of ids) await adapter.upsert(id, payloadOf({ jti: id }), 60);
        expect(await adapter.find(ids[0])).to.deep.equal({ jti: ids[0] });
      });
      expect(store.calls.map(({ items }) => items)).to.deep.equal([2]);
      const lost = idFor('Interaction');
      const failed = store.unit(async () => {
        await adapter.upsert(lost, payloadOf({ jti: lost }), 60);
        throw new Error('the work failed');
      });
      expect(await refusal(failed)).to.be.an.instanceOf(Error);
      expect(await adapter.find(lost)).to.equal(undefined);
    });

    it('writes more than one batch takes', async () => {
      const ids = Array.from({ length: 60 }, () => idFor('Interaction'));
      const adapter = store.adapter('Interaction');
      await store.unit(async () => {
        for (const id of ids) await adapter.upsert(id, payloadOf({ jti: id }), 60);
      });
      for (const id of ids) expect(await adapter.find(id)).to.deep.equal({ jti: id });
    });
  });

  it('sweeps what has expired and counts what lives', async () => {
    const own = await startEngine();
    const small = await openStore(own, { now: () => nowMs });
    const adapter = small.adapter('Interaction');
    for (let index = 0; index < 30; index += 1) {
      const id = idFor('Interaction');
      await adapter.upsert(id, payloadOf({ jti: id }), index < 10 ? 10 : 1000);
    }
    later(20);
    expect((await small.stats())['Interaction']).to.include({ live: 20, expired: 10 });
    const nowSeconds = Math.floor(nowMs / 1000);
    await small.ibSessions.put(randomIbSessionId(), { ...ibSession, endsAt: nowSeconds + 100 });
    await small.ibSessions.put(randomIbSessionId(), { ...ibSession, endsAt: nowSeconds - 1 });
    expect(await small.sweep()).to.deep.equal({ deleted: 11, ibSessions: 1 });
    expect((await small.stats())['Interaction']).to.include({ live: 20, expired: 0 });
    await small.close();
    await own.close();
  });

  it('opens what an older pepper sealed, and nothing with an unknown one', async () => {
    const adapter = store.adapter('Interaction');
    const id = idFor('Interaction');
    await adapter.upsert(id, payloadOf({ jti: id }), 600);
    const fresh = { id: 'p2', key: new Uint8Array(randomBytes(32)) };
    const rotated = await openStore(engine, { now: () => nowMs, peppers: () => [fresh, PEPPER] });
    expect(await rotated.adapter('Interaction').find(id)).to.deep.equal({ jti: id });
    const stranger = await openStore(engine, { now: () => nowMs, peppers: () => [fresh] });
    expect(await stranger.adapter('Interaction').find(id)).to.equal(undefined);
    await Promise.all([rotated.close(), stranger.close()]);
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
        const adapter = store.adapter('AuthorizationCode');
        const ids = [0, 1, 2].map(() => idFor('AuthorizationCode'));
        const model = new Map<number, { until: number; consumed: boolean }>();
        for (const step of commands) {
          if (step.verb === 'wait') {
            later(step.seconds);
            continue;
          }
          const id = ids[step.key] ?? '';
          const known = model.get(step.key);
          const live = known !== undefined && known.until > Math.floor(nowMs / 1000);
          if (step.verb === 'upsert') {
            await adapter.upsert(id, payloadOf({ jti: id }), step.ttl);
            model.set(step.key, { until: Math.floor(nowMs / 1000) + step.ttl, consumed: false });
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
}
