import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { LoginAttempt } from '../../../adapters/store/contract.ts';
import { newGrantId, newTokenValue } from '../../../adapters/store/handles.ts';
import { pendingAttempt } from '../../support/attempts.ts';
import { randomIbSessionId } from '../../support/engines.ts';
import { describeStores, ibSession, payloadOf } from './stores.ts';

describeStores('sign-ins in the store', (on) => {
  const attemptOf = (facts: Partial<LoginAttempt>) => pendingAttempt(on.now(), facts);

  it('keeps the first success of a login attempt, against renewals and second successes', async () => {
    const id = { uid: randomBytes(16).toString('hex'), browser: 'b' };
    const attempt = attemptOf({});
    await on.store.attempts.start(id, attempt);
    const other = { value: 'other', issuedAtMs: on.now() };
    const renewed = { ...attempt, generation: 'g2', loginTokens: [other, ...attempt.loginTokens] };
    expect(await on.store.attempts.renew(id, 'g1', renewed)).to.equal(true);
    expect(await on.store.attempts.renew(id, 'g1', { ...attempt, generation: 'g3' })).to.equal(false);
    const done: LoginAttempt = { ...attempt, status: 'signed_in', loginTokens: [], session: ibSession };
    expect(await on.store.attempts.finish(id, done), 'by the poll that began before the renewal').to.equal(
      true,
    );
    expect(await on.store.attempts.finish(id, done)).to.equal(false);
    expect(await on.store.attempts.renew(id, 'g2', renewed)).to.equal(false);
    expect(await on.store.attempts.find(id)).to.deep.include({ status: 'signed_in', session: ibSession });
    expect(await on.store.attempts.find({ ...id, browser: 'another' })).to.equal(undefined);
  });

  it('remembers which customer of IB a domain answers for, from the flush on', async () => {
    const host = `${randomBytes(8).toString('hex')}.acme.com`;
    expect(await on.store.platformClients.clientidOf(host)).to.equal(undefined);
    await on.store.unit(() => on.store.platformClients.remember(host, '6M0B'));
    on.later(10 * 365 * 86_400);
    expect(await on.store.platformClients.clientidOf(host)).to.equal('6M0B');
    expect(await on.store.platformClients.clientidOf(`x${host}`)).to.equal(undefined);
  });

  it('counts the different accounts that signed in from an address within an hour', async () => {
    const address = randomBytes(8).toString('hex');
    const counts: number[] = [];
    const note = (accountId: string, from = address) =>
      on.store.unit(() =>
        on.store.noteSignIn({ address: from, accountId, told: (count) => counts.push(count) }),
      );
    for (const account of ['6M0B.a', '6M0B.a', '7q2C.a', '6M0B.b']) await note(account);
    expect(counts).to.deep.equal([1, 1, 2, 3]);
    await note('6M0B.c', `${address}0`);
    on.later(3600);
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
      await on.store.unit(() => on.store.ibSessions.put(ibSessionId, ibSession));
      for (const [at, grantId] of grants.entries()) {
        const payload = payloadOf({ jti: grantId, accountId: '6M0B.u', clientId: `app${at}`, iat: 1 });
        await on.store.unit(() => on.store.adapter('Grant').upsert(grantId, payload, 600) as Promise<void>);
      }
      on.store.calls.length = 0;
    });

    it('reads token, Grant and IB session in one consistent batch', async () => {
      const value = newTokenValue('AccessToken', grants[0]);
      await on.store.adapter('AccessToken').upsert(value, payloadOf({ jti: value }), 60);
      on.store.calls.length = 0;
      await on.store.unit(async () => {
        expect(await on.store.adapter('AccessToken').find(value)).to.not.equal(undefined);
        expect(await on.store.adapter('Grant').find(grants[0])).to.include({ clientId: 'app0' });
        expect(await on.store.ibSessions.find(ibSessionId)).to.deep.equal(ibSession);
        expect(await on.store.adapter('RefreshToken').find(value)).to.equal(undefined);
      });
      expect(on.store.calls.map(({ items }) => items)).to.deep.equal([3]);
    });

    it('ends the IB session with the last Grant, not before', async () => {
      const [first, second] = grants;
      await on.store.unit(() => on.store.adapter('Grant').destroy(first) as Promise<void>);
      expect(await on.store.ibSessions.find(ibSessionId)).to.deep.equal(ibSession);
      await on.store.unit(() => on.store.adapter('Grant').destroy(second) as Promise<void>);
      expect(await on.store.ibSessions.find(ibSessionId)).to.equal(undefined);
    });

    it('ends it too when both go at once', async () => {
      await Promise.all(
        grants.map((grantId) =>
          on.store.unit(() => on.store.adapter('Grant').destroy(grantId) as Promise<void>),
        ),
      );
      expect(await on.store.ibSessions.find(ibSessionId)).to.equal(undefined);
    });

    it('ends all grants with the IB session', async () => {
      expect(await on.store.unit(() => on.store.ibSessions.end(ibSessionId, ibSession.sid))).to.equal(true);
      expect(await on.store.ibSessions.find(ibSessionId)).to.equal(undefined);
      for (const grantId of grants) expect(await on.store.adapter('Grant').find(grantId)).to.equal(undefined);
    });

    it('keeps them where the session that is ended has given way to a new one, read before or not', async () => {
      const renewed = { ...ibSession, sid: 'sid-of-a-new-login' };
      // Begun outside the unit that ends the session, as in another process.
      const hasRead = Promise.withResolvers<void>();
      const signedIn = hasRead.promise.then(() =>
        on.store.unit(() => on.store.ibSessions.put(ibSessionId, renewed)),
      );
      const ended = on.store.unit(async () => {
        await on.store.ibSessions.find(ibSessionId);
        hasRead.resolve();
        await signedIn;
        return on.store.ibSessions.end(ibSessionId, ibSession.sid);
      });
      expect(await ended).to.equal(false);
      expect(await on.store.ibSessions.find(ibSessionId)).to.deep.equal(renewed);
      for (const grantId of grants) expect(await on.store.adapter('Grant').find(grantId)).to.be.an('object');
    });

    it('lists the grants of an account and revokes those of one app, however many, and nobody else’s', async () => {
      const appsOf = async (account: string) =>
        (await on.store.grantsOf(account)).map(({ clientId }) => clientId);
      expect(await appsOf('6M0B.u')).to.include.members(['app0', 'app1']);
      const eager = payloadOf({ accountId: '6M0B.u', clientId: 'eager', iat: 1 });
      for (let more = 0; more < 250; more += 1) {
        await on.store.adapter('Grant').upsert(newGrantId(ibSessionId), eager, 3600);
      }
      expect(await on.store.revokeGrantsOf('someone.else', { clientId: 'eager' })).to.equal(0);
      expect(await on.store.revokeGrantsOf('6M0B.u', { clientId: 'nobody' })).to.equal(0);
      expect(await on.store.revokeGrantsOf('6M0B.u', { clientId: 'eager' })).to.equal(250);
      expect(await appsOf('6M0B.u'))
        .to.include.members(['app0', 'app1'])
        .and.not.include('eager');
      expect(await appsOf('someone.else')).to.deep.equal([]);
    });
  });
});
