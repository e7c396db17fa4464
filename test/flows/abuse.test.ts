import { renameSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { Browser, formsOf } from '../support/browser.ts';
import {
  authorizeUrl,
  CLIENTS,
  exchange,
  type Stack,
  signIn,
  startStack,
  withBearer,
} from '../support/stack.ts';

describe('limits on strangers', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open', TRUSTED_PROXIES: '1' },
      lifetimes: {
        failedAuthenticationsPerAddress: 5,
        userCodesPerAddress: 3,
        registrationsPerAddress: 2,
        signInsPerAddress: 10,
      },
    });
  });
  after(() => stack.close());

  const wrong = (address: string) =>
    fetch(`${stack.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('web:wrong')}`, 'x-forwarded-for': `6.6.6.6, ${address}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x' }),
    });

  async function statuses(
    count: number,
    call: () => Promise<Response | { status: number }>,
  ): Promise<number[]> {
    const seen: number[] = [];
    for (let turn = 0; turn < count; turn += 1) seen.push((await call()).status);
    return seen;
  }

  it('turn away an address that guesses client secrets, and no other', async () => {
    const seen = await statuses(8, () => wrong('1.1.1.1'));
    expect(seen).to.deep.equal([401, 401, 401, 401, 401, 401, 429, 429]);
    const limited = await wrong('1.1.1.1');
    expect(Number(limited.headers.get('retry-after'))).to.be.above(0);
    expect(await limited.json()).to.have.property('error', 'temporarily_unavailable');
    expect((await wrong('2.2.2.2')).status).to.equal(401);
  });

  it('turn away an address that guesses user codes', async () => {
    const browser = new Browser();
    const page = await browser.open(`${stack.issuer}/device`);
    const [form] = formsOf(page);
    if (form === undefined) throw new Error(page.body);
    const guess = () => browser.submit(page, form, { user_code: 'BCDF-GHJK' });
    expect((await statuses(6, guess)).slice(-1)).to.deep.equal([429]);
  });

  it('turn away an address that registers again and again', async () => {
    const register = () =>
      fetch(`${stack.issuer}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: ['https://x.example/cb'], token_endpoint_auth_method: 'none' }),
      });
    expect(await statuses(4, register)).to.deep.equal([201, 201, 201, 429]);
  });

  it('turn away an address that starts sign-ins without end', async () => {
    const seen = await statuses(30, () => new Browser().request(authorizeUrl(stack.issuer)));
    expect(seen.slice(0, 10)).to.deep.equal(Array(10).fill(303));
    expect(seen.at(-1)).to.equal(429);
  });
});

describe('a changed clients file', () => {
  it('is read without a restart; a faulty one is refused; a removed app loses its tokens', async () => {
    const stack = await startStack();
    const { body } = await exchange(stack, await signIn(stack));
    const replace = async (text: string, event: string): Promise<void> => {
      writeFileSync(`${stack.clientsFile}.new`, text);
      renameSync(`${stack.clientsFile}.new`, stack.clientsFile);
      process.emit('SIGHUP');
      expect(
        stack.logs.some((line) => line.includes(event)),
        event,
      ).to.equal(true);
    };
    await replace('clients:\n  - client_id: [', 'clients_refused');
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(200);
    await replace(CLIENTS.replace('client_id: web', 'client_id: renamed'), 'clients_reloaded');
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(401);
    expect((await new Browser().request(authorizeUrl(stack.issuer))).status).to.equal(400);
    expect(
      (await new Browser().request(authorizeUrl(stack.issuer, { client_id: 'renamed' }))).status,
    ).to.equal(303);
    const named = { client_id: 'renamed', resource: 'https://new.example/mcp', scope: 'openid new:read' };
    const ask = async () =>
      (await new Browser().request(authorizeUrl(stack.issuer, named))).headers.get('location');
    expect(await ask()).to.equal(null);
    const open = CLIENTS.replace('client_id: web', 'client_id: renamed').replace(
      / +scope: openid profile email.*\n/,
      '',
    );
    await replace(
      `${open}resources:\n  - identifier: https://new.example/mcp\n    scopes: ['new:read']\n`,
      'clients_reloaded',
    );
    expect(await ask(), 'resources too').to.contain('/interaction/');
    await stack.close();
  });
});
