import { expect } from 'chai';
import { START_SECONDS, useLogins } from './logins.ts';

describe("the sandbox's login", () => {
  const logins = useLogins();
  const { expectExpired, expectPending, info, loginPage, newToken, set, signedIn, signedInToken } = logins;

  it('plays two platforms that share a useruuid for two different people', async () => {
    expect([logins.acme.clientid, logins.globex.clientid]).to.deep.equal(['6M0B', '7q2C']);
    const tokens = [await newToken(logins.acme), await newToken(logins.globex)] as const;
    logins.acme.signIn('Ada Lovelace', tokens[0]);
    logins.globex.signIn('Alan Turing', tokens[1]);
    const ada = (await signedIn(tokens[0])).info;
    const alan = (await signedIn(tokens[1], logins.globex)).info;
    expect(ada['useruuid']).to.equal(alan['useruuid']);
    expect([ada['firstname'], alan['firstname']]).to.deep.equal(['Ada', 'Alan']);
    expect((await info(tokens[0], logins.globex)).status, 'a token is of one platform').to.equal(404);
  });

  it('hands out short alphanumeric tokens, to POST and to GET', async () => {
    expect(await newToken(logins.acme, 'POST')).to.match(/^[A-Za-z0-9]{8}$/);
    expect(await newToken(logins.acme, 'GET')).to.equal(logins.acme.lastToken());
  });

  it('answers 404 until the user signs in, then the session', async () => {
    const token = await newToken();
    await expectPending(token);
    const { sid } = logins.acme.signIn('ada', token);
    const { session, info: told } = await signedIn(token);
    expect(session).to.include({ sid, originalUserUuid: null, loginTime: START_SECONDS });
    expect(session['userUuid']).to.match(/^[0-9a-f]{32}$/);
    expect(told).to.include({
      clientname: 'ACME',
      clientid: '6M0B',
      sid,
      apiV3url: logins.sandbox.apiOrigin,
      logintimeoutperiod: 24,
      lastname: 'Lovelace',
      email: 'ada@acme.example',
      adminemail: 'admin@customer.example',
    });
    expect(told).to.include.keys('clientuuid', 'apikey', 'thumbnail', 'enableAnnotations');
    expect((await signedIn(token)).session, 'a second call says the same').to.deep.equal(session);
  });

  it("gives most users no e-mail, but always the administrator's", async () => {
    const { info: told } = await signedIn(await signedInToken('grace'));
    expect(told).to.not.have.property('email');
    expect(told).to.have.property('adminemail');
  });

  it('shows a page without need of scripts that signs in, stays where it is and sends nobody back', async () => {
    const token = await newToken();
    const url = loginPage(token);
    const page = await (await fetch(url)).text();
    expect(page).to.contain('<form method="post"').and.contain('value="ada">Ada Lovelace</button>');
    const done = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ user: 'ada' }),
      redirect: 'manual',
    });
    expect(done.status).to.equal(200);
    expect(await done.text())
      .to.contain('You are signed in as Ada Lovelace')
      .and.not.contain('opener')
      .and.not.contain('postMessage');
    const { session } = await signedIn(token);
    await fetch(url, { method: 'POST', body: new URLSearchParams({ user: 'grace' }) });
    expect((await signedIn(token)).session, 'sent again, the form changes nothing').to.deep.equal(session);
  });

  it('escapes names, and knows no page for unknown and expired tokens', async () => {
    const page = await (await fetch(loginPage(await newToken(logins.globex), logins.globex))).text();
    expect(page).to.contain('Mary O&#39;Brien');
    expect((await fetch(loginPage('unknown'))).status).to.equal(404);
    const token = await newToken();
    set({ expired: true });
    await expectExpired(token);
    expect((await fetch(loginPage(token))).status).to.equal(404);
  });

  it('tells a platform from other hosts: getYapiAddress', async () => {
    const answer = await fetch(`${logins.acme.origin}/v1/auth/app/getYapiAddress`);
    expect(await answer.json()).to.deep.equal({ content: 'https://apius.intelligencebank.com' });
    expect((await fetch(`${logins.sandbox.apiOrigin}/v1/auth/app/getYapiAddress`)).status).to.equal(404);
  });

  it('records what it was asked, byte for byte', async () => {
    await fetch(`${logins.acme.origin}/v1/auth/app/info?token=a%20b&x=[1]`, {
      headers: { accept: 'text/x-test' },
    });
    const [call] = logins.sandbox.calls;
    expect(call).to.include({ method: 'GET', target: '/v1/auth/app/info?token=a%20b&x=[1]' });
    expect(call?.headers['accept']).to.equal('text/x-test');
    expect(call?.host).to.equal(new URL(logins.acme.origin).host);
  });
});
