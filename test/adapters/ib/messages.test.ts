import { expect } from 'chai';
import nock from 'nock';
import { createIbClient, type IbCallEvent } from '../../../adapters/ib/client.ts';
import { parseLoginInfo, parseLoginToken, saysExpired } from '../../../adapters/ib/messages.ts';
import { isSessionAlive, periodHours, sessionEnd, subjectOf } from '../../../adapters/ib/session.ts';
import type { IbHostRule } from '../../../config/hosts.ts';

const rules: readonly IbHostRule[] = [{ kind: 'pattern', pattern: '*.intelligencebank.com' }];
const platform = { origin: 'https://acme.intelligencebank.com', host: 'acme.intelligencebank.com' };
const NOW = 1_700_000_000;
const read = (body: unknown) =>
  parseLoginInfo(typeof body === 'string' ? body : JSON.stringify(body), {
    platform,
    rules,
    nowSeconds: NOW,
  });

const session = { sid: 'abc', userUuid: 'u1', originalUserUuid: null, loginTime: NOW - 60 };
const info = {
  clientname: 'ACME',
  clientuuid: 'c',
  clientid: '6M0B',
  sid: 'abc',
  apikey: 'k',
  apiV3url: 'https://v3.intelligencebank.com',
  logintimeoutperiod: 120,
  firstname: 'Ada',
  lastname: 'L',
  useruuid: 'u1',
  adminemail: 'admin@x.example',
};
const answer = (changes: { session?: object | null; info?: object | null } = {}) => ({
  SID: 'x',
  content: {
    session: changes.session === null ? null : { ...session, ...changes.session },
    info: changes.info === null ? null : { ...info, ...changes.info },
  },
});

describe("IB's answers", () => {
  it('are a session with what is needed and nothing else', () => {
    expect(read(answer())).to.deep.equal({
      status: 'signed_in',
      session: {
        sid: 'abc',
        apiUrl: 'https://v3.intelligencebank.com',
        platformUrl: platform.origin,
        clientid: '6M0B',
        clientuuid: 'c',
        clientName: 'ACME',
        userUuid: 'u1',
        givenName: 'Ada',
        familyName: 'L',
        loginTime: NOW - 60,
        timeoutPeriodHours: 120,
        endsAt: NOW - 60 + 120 * 3600,
      },
    });
  });

  for (const [name, body] of [
    ['no JSON', '<html>'],
    ['empty', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['no content', {}],
    ['no session', { content: {} }],
    ['null session', { content: { session: null } }],
    ['no sid anywhere', answer({ session: { sid: '' }, info: { sid: undefined } })],
    ['a sid that fits no header', answer({ session: { sid: 'a\r\nx: y' }, info: { sid: 'ü' } })],
  ] as const) {
    it(`mean "not signed in yet" with ${name}`, () => {
      expect(read(body)).to.deep.equal({ status: 'pending' });
    });
  }

  for (const [name, body, reason] of [
    ['a foreign API host', answer({ info: { apiV3url: 'https://evil.example' } }), 'api_host_not_allowed'],
    [
      'an API host with a path',
      answer({ info: { apiV3url: 'https://v3.intelligencebank.com/x' } }),
      'api_host_not_allowed',
    ],
    ['no API host', answer({ info: { apiV3url: undefined } }), 'malformed_identity'],
    ['no client id', answer({ info: { clientid: '' } }), 'malformed_identity'],
    ['a client id that could change a subject', answer({ info: { clientid: 'a.b' } }), 'malformed_identity'],
    ['no user', answer({ session: { userUuid: null }, info: { useruuid: '' } }), 'malformed_identity'],
    ['a session that is over', answer({ session: { loginTime: NOW - 121 * 3600 } }), 'session_over'],
  ] as const) {
    it(`are refused with ${name}`, () => {
      expect(read(body)).to.deep.equal({ status: 'refused', reason });
    });
  }

  it('are read loosely: numbers as text, missing periods, the other sid, odd extras', () => {
    const loose = read(
      answer({
        session: { sid: undefined, loginTime: String(NOW - 60) },
        info: { logintimeoutperiod: '2', firstname: 7, thumbnail: [], email: 'no mail' },
      }),
    );
    expect(loose.status === 'signed_in' && loose.session)
      .to.include({ sid: 'abc', endsAt: NOW - 60 + 7200 })
      .and.not.have.any.keys('givenName', 'email');
    const silent = read(
      answer({ session: { loginTime: undefined }, info: { logintimeoutperiod: undefined } }),
    );
    expect(silent.status === 'signed_in' && silent.session.endsAt).to.equal(NOW + 24 * 3600);
    const ahead = read(answer({ session: { loginTime: NOW + 9999 } }));
    expect(ahead.status === 'signed_in' && ahead.session.loginTime, 'a clock ahead gains nothing').to.equal(
      NOW,
    );
  });

  it("never take the administrator's address for the user's", () => {
    const own = read(answer({ info: { email: 'ada@acme.example' } }));
    expect(own.status === 'signed_in' && own.session.email).to.equal('ada@acme.example');
    expect(JSON.stringify(read(answer()))).to.not.contain('admin@');
  });

  it('are login tokens of letters and digits only', () => {
    expect(parseLoginToken('{"SID":"x","content":"EPEjv7Za3"}')).to.equal('EPEjv7Za3');
    for (const body of [
      '{"content":""}',
      '{"content":7}',
      '{"content":"a b"}',
      '{"content":"../x"}',
      '<html>',
      '',
    ])
      expect(parseLoginToken(body)).to.equal(undefined);
  });

  it('say that a token has expired in any form', () => {
    for (const body of [
      '{"message":"The requested Resource Has Expired"}',
      'resource has expired',
      '<p>resource has expired</p>',
    ])
      expect(saysExpired(body)).to.equal(true);
    expect(saysExpired('{"message":"Not found"}')).to.equal(false);
  });
});

describe('an IB session', () => {
  for (const [stated, hours] of [
    [1, 1],
    [120, 120],
    [0.5, 0.5],
    [undefined, 24],
    [0, 24],
    [-1, 24],
    [121, 24],
    [Number.NaN, 24],
  ] as const) {
    it(`with a period of ${stated} h lasts ${hours} h from its login`, () => {
      expect(periodHours(stated)).to.equal(hours);
      const endsAt = sessionEnd(NOW, stated);
      expect(endsAt).to.equal(NOW + hours * 3600);
      expect(isSessionAlive({ endsAt }, endsAt - 1)).to.equal(true);
      expect(isSessionAlive({ endsAt }, endsAt)).to.equal(false);
    });
  }
  it('names its subject with the client, as user ids are not unique', () => {
    expect(subjectOf({ clientid: '6M0B', userUuid: 'u' })).to.not.equal(
      subjectOf({ clientid: '7q2C', userUuid: 'u' }),
    );
  });
});

describe('calls to IB', () => {
  const events: IbCallEvent[] = [];
  const client = createIbClient({
    rules,
    timeoutMs: 100,
    onCall: (event) => events.push(event),
    now: () => NOW * 1000,
  });
  before(() => nock.disableNetConnect());
  afterEach(() => {
    nock.cleanAll();
    events.length = 0;
  });
  after(() => {
    nock.enableNetConnect();
    nock.restore();
    nock.activate();
  });
  const onInfo = () => nock(platform.origin).get('/v1/auth/app/info').query({ token: 'T' });

  it('tell pending, expired and signed in apart', async () => {
    onInfo().reply(404, { message: 'Not found' });
    expect(await client.checkLogin(platform, 'T')).to.deep.equal({ status: 'pending' });
    onInfo().reply(404, 'resource has expired');
    expect(await client.checkLogin(platform, 'T')).to.deep.equal({ status: 'expired' });
    onInfo().reply(200, answer());
    expect(await client.checkLogin(platform, 'T')).to.have.property('status', 'signed_in');
    expect(events.map(({ outcome }) => outcome)).to.deep.equal(['pending', 'expired', 'signed_in']);
    expect(JSON.stringify(events)).to.not.contain('"T"');
  });

  const troubles: readonly (readonly [string, () => unknown, object])[] = [
    [
      '429 with seconds',
      () => onInfo().reply(429, '', { 'retry-after': '30' }),
      { reason: 'rate_limited', retryAfterSeconds: 30, httpStatus: 429 },
    ],
    [
      '429 with a date',
      () => onInfo().reply(429, '', { 'retry-after': new Date((NOW + 20) * 1000).toUTCString() }),
      { reason: 'rate_limited', retryAfterSeconds: 20, httpStatus: 429 },
    ],
    ['500', () => onInfo().reply(500, 'oops'), { reason: 'server_error', httpStatus: 500 }],
    ['403', () => onInfo().reply(403, 'no'), { reason: 'client_error', httpStatus: 403 }],
    [
      'a redirect',
      () => onInfo().reply(302, '', { location: 'https://evil.example' }),
      { reason: 'malformed', httpStatus: 302 },
    ],
    [
      'a reset',
      () => onInfo().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
      { reason: 'network' },
    ],
  ];
  for (const [name, arrange, facts] of troubles) {
    it(`take ${name} for trouble, not for an end`, async () => {
      arrange();
      expect(await client.checkLogin(platform, 'T')).to.deep.equal({ status: 'trouble', ...facts });
    });
  }

  it('tell a platform from any other host', async () => {
    nock(platform.origin)
      .get('/v1/auth/app/getYapiAddress')
      .reply(200, { content: 'https://apius.intelligencebank.com' });
    expect(await client.probe(platform)).to.deep.equal({ status: 'ib' });
    nock(platform.origin).get('/v1/auth/app/getYapiAddress').reply(200, '<html>');
    expect(await client.probe(platform)).to.deep.equal({ status: 'not_ib' });
  });

  it('stop for a moment at a dead host, and at no other', async () => {
    const own = createIbClient({ rules, timeoutMs: 100 });
    nock(platform.origin).persist().get('/v1/auth/app/info').query(true).reply(500);
    for (let turn = 0; turn < 8; turn += 1) await own.checkLogin(platform, 'T');
    expect(await own.checkLogin(platform, 'T')).to.deep.equal({ status: 'trouble', reason: 'circuit_open' });
    const other = { origin: 'https://globex.intelligencebank.com', host: 'globex.intelligencebank.com' };
    nock(other.origin).get('/v1/auth/app/info').query(true).reply(404);
    expect(await own.checkLogin(other, 'T')).to.deep.equal({ status: 'pending' });
  });
});
