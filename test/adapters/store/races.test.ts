import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { AdapterPayload } from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { LoginAttempt } from '../../../adapters/store/contract.ts';
import { ProofUsedError } from '../../../adapters/store/errors.ts';
import { pendingAttempt, pollWish } from '../../support/attempts.ts';
import type { TestStore } from '../../support/engines.ts';
import { describeStores, ibSession, idFor, payloadOf, refusal, useProof } from './stores.ts';

describeStores('races in the store', (on) => {
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
          const { unit, adapter } = on.all[at] ?? on.store;
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
      await on.store.adapter('Session').upsert(id, payloadOf({ jti: id, accountId: 'a' }), 60);
      await together(id, ['one', 'two', 'three'].map(authorizing));
      const session = await on.store.adapter('Session').find(id);
      expect(session).to.have.property('authorizations').that.has.all.keys('one', 'two', 'three');
    });

    it('does not come back once it has been destroyed', async () => {
      for (let round = 0; round < 5; round += 1) {
        const id = uid() + uid();
        await on.store.adapter('Session').upsert(id, payloadOf({ jti: id, accountId: 'a' }), 60);
        await together(id, [() => undefined, authorizing('one'), authorizing('two')]);
        expect(await on.store.adapter('Session').find(id)).to.equal(undefined);
      }
    });
  });

  const attemptOf = (facts: Partial<LoginAttempt>) => pendingAttempt(on.now(), facts);
  const wishOf = (attempt: LoginAttempt) => pollWish(on.now(), attempt);

  describe('lets one of many at once', () => {
    const rounds = 20;
    const contenders = 50;
    const contender = (at: number): TestStore => on.all[at % on.all.length] ?? on.store;

    it(`consume a code: ${rounds} rounds of ${contenders}`, async () => {
      const adapter = on.store.adapter('AuthorizationCode');
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
          await on.store.adapter('AuthorizationCode').upsert(id, payloadOf({ jti: id }), 60);
        const refusals = await Promise.all(
          codes.map((code, at) => refusal(contender(at).unit(() => useProof(contender(at), { jti, code })))),
        );
        expect(refusals.filter((error) => error instanceof ProofUsedError)).to.have.length(contenders - 1);
        for (const [at, code] of codes.entries()) {
          const isUsed = 'consumed' in ((await on.store.adapter('AuthorizationCode').find(code)) ?? {});
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
        before = await on.store.attempts.current(id);
        expect(before?.generation).to.equal(`${round}-${begun.indexOf(true)}`);
      }
      if (before === undefined) throw new Error();
      await on.store.attempts.finish(id, {
        ...before,
        status: 'signed_in',
        loginTokens: [],
        session: ibSession,
      });
      expect(await on.store.attempts.begin(id, attemptOf({}), before), 'the user has signed in').to.equal(
        false,
      );
    });

    it('poll IB, and none before the interval has passed', async () => {
      const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
      const attempt = attemptOf({ nextPollAtMs: on.now() });
      await on.store.attempts.start(id, attempt);
      const claim = (at = 0) => contender(at).attempts.claimPoll(id, wishOf(attempt));
      const claims = await Promise.all(Array.from({ length: contenders }, (_, at) => claim(at)));
      expect(claims.filter(({ outcome }) => outcome === 'claimed')).to.have.length(1);
      on.later(1);
      expect((await claim()).outcome).to.equal('not_yet');
      on.later(1);
      expect((await claim()).outcome).to.equal('claimed');
    });

    it('poll IB where the user looks at the page, whatever the interval, but not against its own wish', async () => {
      const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
      const attempt = attemptOf({ intervalMs: 30_000, nextPollAtMs: on.now() + 30_000, seenAtMs: on.now() });
      await on.store.attempts.start(id, attempt);
      const look = () => on.store.attempts.claimPoll(id, { ...wishOf(attempt), isLooking: true });
      expect((await look()).outcome, 'seen a moment ago').to.equal('not_yet');
      on.later(1);
      expect((await on.store.attempts.claimPoll(id, wishOf(attempt))).outcome).to.equal('not_yet');
      const looks = await Promise.all(Array.from({ length: contenders }, look));
      expect(looks.filter(({ outcome }) => outcome === 'claimed')).to.have.length(1);
      on.later(1);
      expect((await look()).outcome).to.equal('claimed');
      await on.store.attempts.pace(id, { ...attempt, seenAtMs: on.now(), retryAtMs: on.now() + 5_000 });
      on.later(4);
      expect((await look()).outcome, 'IB wants to be left alone').to.equal('not_yet');
      on.later(1);
      expect((await look()).outcome).to.equal('claimed');
    });

    it('poll IB until the page has not been seen for as long as a page is left, a sight of it counting', async () => {
      const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
      const attempt = attemptOf({ seenAtMs: on.now() });
      await on.store.attempts.start(id, attempt);
      on.later(299);
      await on.store.attempts.see(id, attempt, on.now());
      on.later(299);
      expect((await on.store.attempts.claimPoll(id, wishOf(attempt))).outcome).to.equal('claimed');
      on.later(299);
      expect((await on.store.attempts.claimPoll(id, wishOf(attempt))).outcome).to.equal('claimed');
      on.later(300);
      for (const isLooking of [false, true])
        expect((await on.store.attempts.claimPoll(id, { ...wishOf(attempt), isLooking })).outcome).to.equal(
          'not_yet',
        );
      const another = { ...attempt, attemptId: 'another' };
      await on.store.attempts.see(id, another, on.now());
      expect((await on.store.attempts.claimPoll(id, wishOf(attempt))).outcome, 'another was seen').to.equal(
        'not_yet',
      );
    });

    it('take the last call of a limit', async () => {
      const take = (at = 0) =>
        contender(at).take({ name: 'test', subject: 's', limit: 30, windowSeconds: 60, block: 1 });
      const grants = await Promise.all(Array.from({ length: contenders }, (_, at) => take(at)));
      expect(grants.reduce((sum, { granted }) => sum + granted, 0)).to.equal(30);
      on.later(60);
      expect((await take()).granted).to.equal(1);
    });
  });
});
