import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import {
  exchange,
  type LogLine,
  type Stack,
  signIn,
  startStack,
  token,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';

describe('lines about tokens', () => {
  let stack: Stack;
  let now = Date.now();
  before(async () => {
    stack = await startStack({ now: () => now });
  });
  after(() => stack.close());

  const all = (): LogLine[] => stack.logs.map((line) => JSON.parse(line) as LogLine);
  const since = async <T>(work: () => Promise<T>): Promise<[lines: LogLine[], result: T]> => {
    const from = stack.logs.length;
    const result = await work();
    // Written when the answer has been given; it is the last line of the request.
    await stack.logged('request', (line) =>
      all()
        .slice(from)
        .some((one) => one['event'] === line['event']),
    );
    return [all().slice(from), result];
  };
  const ask = (path: string, params: Record<string, string>) =>
    fetch(stack.issuer + path, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`web:${WEB_SECRET}`)}` },
      body: new URLSearchParams(params),
    });
  const tokensOf = async (browser = new Browser(), params: Record<string, string> = {}) =>
    (await exchange(stack, await signIn(stack, browser, params))).body as Record<string, string>;

  it('tell one story by its grant and account, from the sign-in to the revocation, and hold no token', async () => {
    const from = stack.logs.length;
    const first = await tokensOf();
    const { body } = await token(stack, {
      grant_type: 'refresh_token',
      refresh_token: first['refresh_token'] ?? '',
    });
    const next = body as Record<string, string>;
    await withBearer(`${stack.issuer}/userinfo`, next['access_token']);
    await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, next['access_token']);
    await ask('/introspect', { token: next['access_token'] ?? '' });
    await ask('/revoke', { token: next['refresh_token'] ?? '' });
    await stack.logged('request', ({ route }) => route === '/revoke');
    const lines = all().slice(from);
    const told = lines.filter(({ event }) => event === 'request');
    const grants = new Set(lines.flatMap(({ grant }) => (grant === undefined ? [] : [grant])));
    expect([...grants]).to.have.length(1);
    const [grant] = grants;
    expect(grant).to.match(/^[0-9a-f]{12}$/);
    for (const route of ['/token', '/userinfo', '/proxy', '/introspect', '/revoke']) {
      const ofRoute = told.filter((line) => line['route'] === route);
      expect(ofRoute, route).to.not.be.empty;
      for (const line of ofRoute) {
        expect(line, JSON.stringify(line)).to.include({ grant });
        expect(line['accountId']).to.match(/^6M0B\./);
        const beside = lines.filter(({ reference }) => reference === line['reference']);
        for (const one of beside.filter(({ event }) => event !== 'store_call')) {
          expect(one, JSON.stringify(one)).to.include({ grant });
        }
      }
    }
    const signIns = told.filter((line) => line['signIn'] !== undefined && line['grant'] === grant);
    expect(signIns, 'the sign-in that gave it').to.not.be.empty;
    const revoked = lines.find(({ audit }) => audit === 'grant_revoked');
    expect(revoked).to.include({ grant });
    for (const value of [...Object.values(first), ...Object.values(next)]) {
      if (String(value).length > 40) expect(stack.logs.slice(from).join('')).to.not.contain(value);
    }
  });

  it('name access that has been taken back', async () => {
    const { access_token: value = '', refresh_token: again = '' } = await tokensOf();
    await ask('/revoke', { token: again });
    const [lines] = await since(() => withBearer(`${stack.issuer}/userinfo`, value));
    const refused = lines.find(({ event }) => event === 'token_refused');
    expect(refused).to.include({ error: 'invalid_token' });
    expect(refused?.['reason']).to.be.oneOf(['session_gone', 'access_gone']);
  });

  it('say why a token was refused, wherever it was shown', async () => {
    const reasonAt = async (path: string, send: () => Promise<unknown>) => {
      const [lines] = await since(send);
      const line = lines.find(({ event }) => event === 'token_refused' || event === 'grant.error');
      expect(line, path).to.not.equal(undefined);
      return line?.['reason'];
    };
    const userinfo = (value: string) => () => withBearer(`${stack.issuer}/userinfo`, value);
    const proxy = (value: string) => () => withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, value);
    const introspect = (value: string) => () => ask('/introspect', { token: value });
    const refresh = (value: string) => () =>
      token(stack, { grant_type: 'refresh_token', refresh_token: value });

    for (const send of [userinfo, proxy, introspect, refresh]) {
      expect(await reasonAt('no token at all', send('nonsense'))).to.equal('malformed_token');
    }
    const [asked] = await since(introspect('nonsense'));
    expect(asked.find(({ event }) => event === 'token_refused')).to.include({ clientId: 'web' });
    const used = await tokensOf();
    const { body: after } = await token(stack, {
      grant_type: 'refresh_token',
      refresh_token: used['refresh_token'] ?? '',
    });
    await token(stack, { grant_type: 'refresh_token', refresh_token: String(after['refresh_token']) });
    expect(await reasonAt('used', refresh(used['refresh_token'] ?? ''))).to.equal('used_token');

    const expired = await tokensOf();
    const over = await tokensOf();
    now += 3601_000;
    for (const send of [userinfo, proxy, introspect]) {
      expect(await reasonAt('expired', send(expired['access_token'] ?? ''))).to.equal('unknown_token');
    }

    now += 121 * 3600_000;
    expect(await reasonAt('session', userinfo(over['access_token'] ?? ''))).to.match(/^session_/);
    expect(await reasonAt('session', proxy(over['access_token'] ?? ''))).to.match(/^session_/);
    expect(await reasonAt('session', refresh(over['refresh_token'] ?? ''))).to.match(/^(session_|unknown)/);
  });
});
