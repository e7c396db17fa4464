import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import { openWaiting, stateOf } from '../support/login.ts';
import { authorizeUrl, type Stack, signInAt, startStack } from '../support/stack.ts';
import { useWaitingLogin } from './waiting-login.ts';

describe('a platform', () => {
  const login = useWaitingLogin();
  const { set } = login;

  it('is refused where it answers for another customer than it is tied to, and user and operator are told', async () => {
    const tied = await startStack({
      sandbox: login.stack.sandbox,
      now: login.now,
      env: {
        LOG_LEVEL: 'info',
        IB_HOSTS: `${login.acme.origin}=6M0B,${login.stack.sandbox.platforms[1].origin},${login.stack.sandbox.apiOrigin}`,
      },
    });
    const browser = new Browser();
    const consent = await signInAt(tied, browser, authorizeUrl(tied.issuer));
    expect(consent.body).to.contain('Ada Lovelace');
    set({ otherClient: true });
    const other = new Browser();
    const refused = await signInAt(tied, other, authorizeUrl(tied.issuer));
    expect(stateOf(refused)).to.contain('another IntelligenceBank customer');
    const line = await tied.logged('sign_in_refused');
    expect(line).to.include({ reason: 'other_client', platformHost: new URL(login.acme.origin).host });
    await tied.close();
  });

  it("is remembered as whose it is where it is a customer's own domain, and refused when it answers for another", async () => {
    const own = login.acme.origin.replace('127.0.0.1', 'localhost');
    const options = { sandbox: login.stack.sandbox, now: login.now };
    const remembering = await startStack({ ...options, env: { LOG_LEVEL: 'info' }, extraHosts: [own] });
    const at = async (server: Stack, origin: string): Promise<Page> => {
      const browser = new Browser();
      const page = await openWaiting(server, browser, {}, origin);
      login.acme.signIn('ada');
      return browser.press(page, 'continue');
    };
    expect((await at(remembering, own)).body).to.contain('Ada Lovelace');
    expect((await at(remembering, own)).body).to.contain('Ada Lovelace');
    set({ otherClient: true });
    expect(stateOf(await at(remembering, own))).to.contain('another IntelligenceBank customer');
    expect(await remembering.logged('sign_in_refused')).to.include({
      level: 40,
      reason: 'other_client',
      platformHost: new URL(own).host,
    });
    expect((await at(remembering, login.acme.origin)).body, 'an address has no DNS').to.contain(
      'Ada Lovelace',
    );
    await remembering.close();
    const hosts = [`${own}=7q2C`, login.acme.origin, login.stack.sandbox.apiOrigin].join(',');
    const told = await startStack({ ...options, env: { LOG_LEVEL: 'silent', IB_HOSTS: hosts } });
    expect((await at(told, own)).body, 'the operator has the last word').to.contain('Ada Lovelace');
    await told.close();
  });
});
