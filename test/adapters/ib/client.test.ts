import { expect } from 'chai';
import type nockTypes from 'nock';
import type { IbCallEvent } from '../../../adapters/ib/call.ts';
import { createIbClient } from '../../../adapters/ib/client.ts';
import type { IbHostRule } from '../../../config/hosts.ts';
import { useNock } from '../../support/nock.ts';
import { loginAnswer, NOW, platform } from './answers.ts';

const rules: readonly IbHostRule[] = [{ kind: 'pattern', pattern: '*.intelligencebank.com' }];
const TOKEN = 'EPEjv7Za3';

describe('the client of IB', () => {
  let events: IbCallEvent[] = [];
  /** A client of its own for each test, so that no circuit is open from the one before. */
  const create = () =>
    createIbClient({ rules, timeoutMs: 60, onCall: (event) => events.push(event), now: () => NOW * 1000 });
  let client = create();

  const nock = useNock();
  beforeEach(() => {
    events = [];
    client = create();
  });
  afterEach(() => {
    const unasked = nock.pendingMocks();
    nock.cleanAll();
    expect(unasked).to.deep.equal([]);
  });

  const onToken = () => nock(platform.origin).post('/v1/auth/app/token');
  const onInfo = () => nock(platform.origin).get('/v1/auth/app/info').query({ token: TOKEN });
  const onProbe = () => nock(platform.origin).get('/v1/auth/app/getYapiAddress');

  describe('asking for a login token', () => {
    it('sends no body and no credentials, and takes the token', async () => {
      const sent: Request[] = [];
      onToken().reply((request: Request) => {
        sent.push(request.clone());
        return [200, { SID: 'anonymous', content: TOKEN }, { 'set-cookie': 'session=anonymous' }];
      });
      expect(await client.requestLoginToken(platform)).to.deep.equal({ status: 'ok', token: TOKEN });
      expect(await sent[0]?.text()).to.equal('');
      const names = [...(sent[0]?.headers.keys() ?? [])];
      expect(names).to.not.include.oneOf(['cookie', 'authorization', 'sid', 'referer', 'origin']);
      onInfo()
        .matchHeader('cookie', (value) => value === null)
        .reply(404, {});
      expect(await client.checkLogin(platform, TOKEN)).to.deep.equal({ status: 'pending' });
    });

    const malformed = { status: 'trouble', reason: 'malformed' };
    const answers: readonly (readonly [string, number, nockTypes.Body, object])[] = [
      ['a page', 200, '<html>', malformed],
      ['broken JSON', 200, '{"content": "EPE', malformed],
      ['an error as JSON', 200, { message: 'Something went wrong' }, malformed],
      ['404', 404, { message: 'Not found' }, { ...malformed, reason: 'client_error', httpStatus: 404 }],
      ['403', 403, '<html>', { ...malformed, reason: 'client_error', httpStatus: 403 }],
      ['503', 503, '', { ...malformed, reason: 'server_error', httpStatus: 503 }],
      ['201', 201, { content: TOKEN }, { ...malformed, httpStatus: 201 }],
    ];
    for (const [name, status, body, trouble] of answers) {
      it(`takes ${name} for trouble`, async () => {
        onToken().reply(status, body);
        expect(await client.requestLoginToken(platform)).to.deep.equal(trouble);
      });
    }
  });

  it('sends the user to the page of IB with the token', () => {
    expect(client.loginUrl(platform, TOKEN)).to.equal(
      'https://acme.intelligencebank.com/auth/?login=0&token=EPEjv7Za3',
    );
    expect(client.loginUrl(platform, 'a&b=c#d')).to.match(/&token=a%26b%3Dc%23d$/);
  });

  describe('asking about a login', () => {
    it('asks for JSON, and puts the token into the query whatever is in it', async () => {
      nock(platform.origin)
        .get('/v1/auth/app/info')
        .query({ token: 'a&b=c#d' })
        .matchHeader('accept', 'application/json')
        .reply(404);
      expect(await client.checkLogin(platform, 'a&b=c#d')).to.deep.equal({ status: 'pending' });
    });

    const outcomes: readonly (readonly [string, number, nockTypes.Body, object])[] = [
      ['a plain 404', 404, '', { status: 'pending' }],
      ['a 404 as JSON', 404, { message: 'Not found' }, { status: 'pending' }],
      ['a 404 as a page', 404, '<html>Not found</html>', { status: 'pending' }],
      ['expiry as JSON', 404, { message: 'The requested resource has expired' }, { status: 'expired' }],
      ['expiry as text', 404, 'The requested Resource Has Expired.', { status: 'expired' }],
      ['expiry as 410', 410, 'The requested resource has expired', { status: 'expired' }],
      ['a plain 410', 410, '', { status: 'pending' }],
      ['200 without a session', 200, { SID: 'x', content: {} }, { status: 'pending' }],
      ['200 with a page', 200, '<html>', { status: 'pending' }],
      ['200 with broken JSON', 200, '{"content": {', { status: 'pending' }],
      ['200 with nothing', 200, '', { status: 'pending' }],
      [
        'a foreign API host',
        200,
        loginAnswer({}, { apiV3url: 'https://api.evil.example' }),
        { status: 'refused', reason: 'api_host_not_allowed' },
      ],
      [
        'nobody',
        200,
        loginAnswer({}, { clientid: null }),
        { status: 'refused', reason: 'malformed_identity' },
      ],
    ];
    for (const [name, status, body, expected] of outcomes) {
      it(`takes ${name} as it is meant`, async () => {
        onInfo().reply(status, body);
        expect(await client.checkLogin(platform, TOKEN)).to.deep.equal(expected);
      });
    }

    it('gives a session whose numbers say that it is over, and says so', async () => {
      onInfo().reply(200, loginAnswer({ loginTime: 1 }));
      const info = await client.checkLogin(platform, TOKEN);
      expect(info).to.have.property('status', 'overdue');
      expect(info).to.have.nested.property('session.sid', 'sid-of-session');
    });

    it('gives the session of a user who has signed in', async () => {
      onInfo().reply(200, `\ufeff${JSON.stringify(loginAnswer())}`);
      const info = await client.checkLogin(platform, TOKEN);
      expect(info).to.have.property('status', 'signed_in');
      expect(info).to.have.nested.property('session.sid', 'sid-of-session');
      expect(info).to.have.nested.property('session.platformUrl', platform.origin);
    });

    const troubles: readonly (readonly [string, number, Record<string, string>, object])[] = [
      ['429', 429, {}, { reason: 'rate_limited' }],
      ['429 with seconds', 429, { 'retry-after': '30' }, { reason: 'rate_limited', retryAfterSeconds: 30 }],
      [
        '429 with a date',
        429,
        { 'retry-after': new Date((NOW + 20) * 1000).toUTCString() },
        { reason: 'rate_limited', retryAfterSeconds: 20 },
      ],
      [
        'a wait of days',
        429,
        { 'retry-after': '999999' },
        { reason: 'rate_limited', retryAfterSeconds: 3600 },
      ],
      ['a wait that is none', 429, { 'retry-after': '-5' }, { reason: 'rate_limited' }],
      ['a wait in words', 429, { 'retry-after': 'soon' }, { reason: 'rate_limited' }],
      [
        'a wait until yesterday',
        503,
        { 'retry-after': new Date(0).toUTCString() },
        { reason: 'server_error' },
      ],
      ['503 with seconds', 503, { 'retry-after': '7' }, { reason: 'server_error', retryAfterSeconds: 7 }],
      ['500', 500, {}, { reason: 'server_error' }],
      ['502', 502, {}, { reason: 'server_error' }],
      ['400', 400, {}, { reason: 'client_error' }],
      ['401', 401, {}, { reason: 'client_error' }],
      ['403', 403, {}, { reason: 'client_error' }],
      ['204', 204, {}, { reason: 'malformed' }],
      ...[301, 302, 303, 307, 308].map(
        (status) =>
          [
            `a redirect, ${status},`,
            status,
            { location: 'https://evil.example/' },
            { reason: 'malformed' },
          ] as const,
      ),
    ];
    for (const [name, httpStatus, headers, facts] of troubles) {
      it(`takes ${name} for trouble, not for an end, and goes nowhere else`, async () => {
        onInfo().reply(httpStatus, httpStatus === 204 ? '' : 'resource has expired', headers);
        const trouble = { status: 'trouble', httpStatus, ...facts };
        expect(await client.checkLogin(platform, TOKEN)).to.deep.equal(trouble);
      });
    }

    for (const [code, reason] of [
      ['ECONNRESET', 'network'],
      ['ECONNREFUSED', 'network'],
      ['EAI_AGAIN', 'network'],
      ['ENOTFOUND', 'unknown_host'],
      ['UND_ERR_SOCKET', 'network'],
      ['ETIMEDOUT', 'timeout'],
      ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
      ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
    ]) {
      it(`takes ${code} for trouble: ${reason}`, async () => {
        onInfo().replyWithError(Object.assign(new Error('the message is not read'), { code }));
        expect(await client.checkLogin(platform, TOKEN)).to.deep.equal({ status: 'trouble', reason });
      });
    }
  });

  it('tells a platform from any other host', async () => {
    onProbe().reply(200, { content: 'https://apius.intelligencebank.com' });
    expect(await client.probe(platform)).to.deep.equal({ status: 'ib' });
    for (const [status, body] of [
      [200, '<html>'],
      [200, { content: 'hello' }],
      [404, { content: 'https://apius.intelligencebank.com' }],
    ] as const) {
      onProbe().reply(status, body);
      expect(await client.probe(platform)).to.deep.equal({ status: 'not_ib' });
    }
    onProbe().reply(500);
    expect(await client.probe(platform)).to.have.property('status', 'trouble');
  });

  describe('asking whether a session lives', () => {
    const session = {
      sid: 'sid-of-session',
      apiUrl: 'https://usprod2usv3.intelligencebank.com',
      platformUrl: platform.origin,
      clientid: '6M0B',
    };
    const onRead = () =>
      nock(session.apiUrl).get('/api/3.0.0/6M0B/folder.limit(1)').matchHeader('sid', session.sid);
    const dead = { error: { key: 'error.authentication.required', message: 'No valid session.' } };
    const answers: readonly (readonly [number, nockTypes.Body, object])[] = [
      [200, { response: { rows: [], offset: 0, count: 0 } }, { status: 'alive' }],
      [200, 'x'.repeat(300 * 1024), { status: 'alive' }],
      [403, { error: 'error.no_permission' }, { status: 'alive' }],
      [403, '', { status: 'alive' }],
      [404, { error: 'error.not_found' }, { status: 'alive' }],
      [400, { error: { key: 'error.bad_request' } }, { status: 'alive' }],
      [401, dead, { status: 'dead' }],
      [401, { error: 'Invalid response' }, { status: 'dead' }],
      [401, 'Unauthorized', { status: 'trouble', reason: 'client_error', httpStatus: 401 }],
      [401, { error: 'other' }, { status: 'trouble', reason: 'client_error', httpStatus: 401 }],
      [404, '<html>', { status: 'trouble', reason: 'client_error', httpStatus: 404 }],
      [429, dead, { status: 'trouble', reason: 'rate_limited', httpStatus: 429 }],
      [302, dead, { status: 'trouble', reason: 'malformed', httpStatus: 302 }],
      [500, dead, { status: 'trouble', reason: 'server_error', httpStatus: 500 }],
    ];
    it('tells a host that is on the list no more nothing', async () => {
      const off = { ...session, apiUrl: 'https://dam.elsewhere.example' };
      expect(await client.checkSession(off)).to.deep.equal({ status: 'trouble', reason: 'address_refused' });
      expect(events).to.deep.equal([]);
    });

    for (const [status, body, expected] of answers) {
      it(`reads ${status} ${JSON.stringify(body).slice(0, 60)} as ${JSON.stringify(expected)}`, async () => {
        onRead().reply(status, body);
        expect(await client.checkSession(session)).to.deep.equal(expected);
        expect(events).to.have.length(1);
        expect(events[0]).to.include({ operation: 'session_check', platformHost: platform.host });
        expect(JSON.stringify(events)).to.not.contain(session.sid);
      });
    }
  });

  it('tells of every call what it was and how it ended, and no secret', async () => {
    onToken().reply(200, { SID: 'anonymous', content: TOKEN });
    onInfo().reply(404, 'resource has expired');
    onInfo().reply(200, loginAnswer());
    onInfo().reply(200, loginAnswer({}, { apiV3url: 'https://api.evil.example' }));
    onInfo().reply(429);
    onInfo().replyWithError(Object.assign(new Error(TOKEN), { code: 'ECONNRESET' }));
    onProbe().reply(200, '<html>');
    await client.requestLoginToken(platform);
    for (let call = 0; call < 5; call += 1) await client.checkLogin(platform, TOKEN);
    await client.probe(platform);
    expect(
      events.map(({ operation, outcome, httpStatus }) => [operation, outcome, httpStatus]),
    ).to.deep.equal([
      ['login_token', 'ok', 200],
      ['login_info', 'expired', 404],
      ['login_info', 'signed_in', 200],
      ['login_info', 'api_host_not_allowed', 200],
      ['login_info', 'rate_limited', 429],
      ['login_info', 'network', undefined],
      ['probe', 'not_ib', 200],
    ]);
    for (const event of events) expect(event).to.include({ platformHost: platform.host });
    for (const { ms } of events) expect(ms).to.be.within(0, 60_000);
    expect(JSON.stringify(events)).to.not.match(/EPEjv7Za3|sid-of|apikey|Lovelace|admin@/);
  });

  it('stops for a moment at a dead host, and at no other', async () => {
    onInfo().times(8).reply(500);
    for (let call = 0; call < 8; call += 1) await client.checkLogin(platform, TOKEN);
    const open = { status: 'trouble', reason: 'circuit_open' };
    expect(await client.checkLogin(platform, TOKEN)).to.deep.equal(open);
    expect(await client.requestLoginToken(platform)).to.deep.equal(open);
    expect(events.at(-1)).to.deep.include({ operation: 'login_token', outcome: 'circuit_open' });
    const other = { origin: 'https://globex.intelligencebank.com', host: 'globex.intelligencebank.com' };
    nock(other.origin).get('/v1/auth/app/info').query(true).reply(404);
    expect(await client.checkLogin(other, TOKEN)).to.deep.equal({ status: 'pending' });
  });
});
