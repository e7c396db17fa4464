import { expect } from 'chai';
import fc from 'fast-check';
import {
  isYapiAddress,
  type LoginInfo,
  parseLoginInfo,
  parseLoginToken,
  saysExpired,
} from '../../../adapters/ib/messages.ts';
import type { IbSession } from '../../../adapters/ib/session.ts';
import type { IbHostRule } from '../../../config/hosts.ts';
import { loginAnswer, NOW, platform } from './answers.ts';

const rules: readonly IbHostRule[] = [{ kind: 'pattern', pattern: '*.intelligencebank.com' }];

const read = (body: unknown): LoginInfo =>
  parseLoginInfo(typeof body === 'string' ? body : JSON.stringify(body), {
    platform,
    rules,
    nowSeconds: NOW,
  });

/** The session of an answer that must hold one. */
function sessionOf(body: unknown): IbSession {
  const info = read(body);
  if (info.status !== 'signed_in') throw new Error(`expected a session, not ${JSON.stringify(info)}`);
  return info.session;
}

const usual: IbSession = {
  sid: 'sid-of-session',
  apiUrl: 'https://usprod2usv3.intelligencebank.com',
  platformUrl: platform.origin,
  clientid: '6M0B',
  clientuuid: 'c'.repeat(32),
  clientName: 'ACME',
  userUuid: 'a'.repeat(32),
  givenName: 'Ada',
  familyName: 'Lovelace',
  loginTime: NOW - 60,
  timeoutPeriodHours: 120,
  endsAt: NOW - 60 + 120 * 3600,
};

describe("IB's answer about a login", () => {
  it('is a session with what is needed of it, and nothing else', () => {
    expect(read(loginAnswer())).to.deep.equal({ status: 'signed_in', session: usual });
  });

  const pending: readonly (readonly [string, unknown])[] = [
    ['a page', '<html><body>Sign in</body></html>'],
    ['an empty body', ''],
    ['broken JSON', '{"content": {'],
    ['null', 'null'],
    ['an array', '[]'],
    ['a number', '12'],
    ['an object without content', { SID: 'anonymous' }],
    ['content that is a text', { SID: 'anonymous', content: 'EPEjv7Za3' }],
    ['content that is null', { content: null }],
    ['no session', { content: {} }],
    ['a session that is null', { content: { session: null } }],
    ['a session that is an empty list', { content: { session: [], info: [] } }],
    ['the anonymous SID alone', { SID: 'anonymous', content: { session: {}, info: {} } }],
    ['empty sids', loginAnswer({ sid: '' }, { sid: '' })],
    ['sids that fit no header', loginAnswer({ sid: 'a\r\nx: y' }, { sid: 'ü' })],
    ['a sid with a blank', loginAnswer({ sid: 'a b' }, { sid: 'x'.repeat(513) })],
    ['sids that are no texts', loginAnswer({ sid: 7 }, { sid: { $ne: null } })],
    ['nesting without end', '['.repeat(100_000)],
  ];
  for (const [name, body] of pending) {
    it(`means "not signed in yet" with ${name}`, () => {
      expect(read(body)).to.deep.equal({ status: 'pending' });
    });
  }

  it('has its sid in the session, else in the info', () => {
    expect(sessionOf(loginAnswer({}, { sid: 'other' })).sid).to.equal('sid-of-session');
    for (const absent of [undefined, null, '', 12, 'not a sid'])
      expect(sessionOf(loginAnswer({ sid: absent }, { sid: 'other' })).sid).to.equal('other');
    const withoutSession = { content: { info: loginAnswer().content.info } };
    expect(sessionOf(withoutSession)).to.include({ sid: 'sid-of-info', loginTime: NOW });
  });

  const refused: readonly (readonly [string, unknown, string])[] = [
    ['no info', { content: { session: { sid: 's', userUuid: 'u' } } }, 'malformed_identity'],
    ['an info that is an empty list', { content: { session: { sid: 's' }, info: [] } }, 'malformed_identity'],
    ['no API host', loginAnswer({}, { apiV3url: undefined }), 'malformed_identity'],
    ['no client', loginAnswer({}, { clientid: '' }), 'malformed_identity'],
    [
      'a client that could stand for another subject',
      loginAnswer({}, { clientid: '6M.0B' }),
      'malformed_identity',
    ],
    ['no user', loginAnswer({ userUuid: null }, { useruuid: '' }), 'malformed_identity'],
    ['a user that is no id', loginAnswer({ userUuid: 'a.b' }, { useruuid: 'a.b' }), 'malformed_identity'],
    ['two different users', loginAnswer({}, { useruuid: 'b'.repeat(32) }), 'malformed_identity'],
    ...[
      'https://api.evil.example',
      'https://intelligencebank.com.evil.example',
      'https://user@v3.intelligencebank.com',
      'http://v3.intelligencebank.com',
      'https://v3.intelligencebank.com:8443',
      'https://169.254.169.254',
      'v3',
    ].map(
      (apiV3url) =>
        [`the API at ${apiV3url}`, loginAnswer({}, { apiV3url }), 'api_host_not_allowed'] as const,
    ),
  ];
  for (const [name, body, reason] of refused) {
    it(`is refused with ${name}`, () => {
      expect(read(body)).to.deep.equal({ status: 'refused', reason });
    });
  }

  it('is a session that its numbers call over, to be asked about', () => {
    for (const body of [
      loginAnswer({ loginTime: NOW - 120 * 3600 }),
      loginAnswer({ loginTime: NOW - 24 * 3600 }, { logintimeoutperiod: 0 }),
    ]) {
      const info = read(body);
      expect(info).to.have.property('status', 'overdue');
      expect(info).to.have.nested.property('session.endsAt', NOW);
    }
  });

  it('is refused where the platform is tied to another client, and taken where it is tied to this one', () => {
    const tied = (clientid: string): readonly IbHostRule[] => [
      ...rules,
      { kind: 'pattern', pattern: platform.host, clientid },
    ];
    const with_ = (these: readonly IbHostRule[]) =>
      parseLoginInfo(JSON.stringify(loginAnswer()), { platform, rules: these, nowSeconds: NOW });
    expect(with_(tied('6M0B'))).to.have.property('status', 'signed_in');
    for (const other of ['7q2C', '6m0b', '6M0'])
      expect(with_(tied(other)), other).to.deep.equal({ status: 'refused', reason: 'other_client' });
    const elsewhere = { kind: 'pattern', pattern: 'dam.acme.com', clientid: '7q2C' } as const;
    expect(with_([...rules, elsewhere])).to.have.property('status', 'signed_in');
    const api = { kind: 'pattern', pattern: 'usprod2usv3.intelligencebank.com', clientid: '7q2C' } as const;
    expect(with_([...rules, api])).to.have.property('status', 'refused');
  });

  const loose: readonly (readonly [string, unknown, Partial<IbSession>])[] = [
    ['a period as text', loginAnswer({}, { logintimeoutperiod: '120' }), { timeoutPeriodHours: 120 }],
    ['a login time as text', loginAnswer({ loginTime: ` ${NOW - 5} ` }), { loginTime: NOW - 5 }],
    ['a login time with a fraction', loginAnswer({ loginTime: NOW - 4.5 }), { loginTime: NOW - 5 }],
    ['no login time', loginAnswer({ loginTime: undefined }), { loginTime: NOW }],
    ['a login time of 0', loginAnswer({ loginTime: 0 }), { loginTime: NOW }],
    ['a login time in words', loginAnswer({ loginTime: 'yesterday' }), { loginTime: NOW }],
    ['a clock ahead of ours', loginAnswer({ loginTime: NOW + 9999 }), { loginTime: NOW }],
    [
      'a login time in milliseconds',
      loginAnswer({ loginTime: (NOW - 7200) * 1000 }),
      { loginTime: NOW - 7200 },
    ],
    ['milliseconds as text', loginAnswer({ loginTime: `${NOW - 7}123` }), { loginTime: NOW - 7 }],
    ['milliseconds ahead of ours', loginAnswer({ loginTime: (NOW + 99) * 1000 }), { loginTime: NOW }],
    [
      'a mail address with blanks',
      loginAnswer({}, { email: ' a@acme.example\n' }),
      { email: 'a@acme.example' },
    ],
    [
      'an API host in capitals, without a scheme',
      loginAnswer({}, { apiV3url: 'LBv3us1.intelligencebank.com/' }),
      { apiUrl: 'https://lbv3us1.intelligencebank.com' },
    ],
    ...['/', '/api/v3', '/api/v3/', '/api/3.0.0/6M0B', '//', '?x=1', '#x', ':443/api/v3'].flatMap((suffix) =>
      [
        'https://LBv3us1.IntelligenceBank.com',
        'HTTPS://lbv3us1.intelligencebank.com',
        'lbv3us1.intelligencebank.com',
      ].map(
        (base) =>
          [
            `the API at ${base}${suffix}`,
            loginAnswer({}, { apiV3url: base + suffix }),
            { apiUrl: 'https://lbv3us1.intelligencebank.com' },
          ] as const,
      ),
    ),
    ['a user in the info alone', loginAnswer({ userUuid: undefined }), { userUuid: usual.userUuid }],
    ['a user in the session alone', loginAnswer({}, { useruuid: undefined }), { userUuid: usual.userUuid }],
    ['a user in two cases', loginAnswer({}, { useruuid: 'A'.repeat(32) }), { userUuid: usual.userUuid }],
    ['another user behind', loginAnswer({ originalUserUuid: 'f'.repeat(32) }), { userUuid: usual.userUuid }],
    ['the case of the client', loginAnswer({}, { clientid: '6m0B' }), { clientid: '6m0B' }],
  ];
  for (const [name, body, expected] of loose) {
    it(`is taken with ${name}`, () => {
      expect(sessionOf(body)).to.include(expected);
    });
  }

  for (const stated of [undefined, null, 0, '0', '', -3, 121, '120h', 'never', [], true]) {
    it(`lasts 24 h where the period is ${JSON.stringify(stated)}`, () => {
      const session = sessionOf(loginAnswer({}, { logintimeoutperiod: stated }));
      expect(session).to.include({ timeoutPeriodHours: 24, endsAt: NOW - 60 + 24 * 3600 });
    });
  }

  it('leaves out what is of no use: names that are no texts, mail that is no address, all extras', () => {
    const changes = {
      firstname: 7,
      lastname: ' ',
      clientname: null,
      clientuuid: {},
      email: 'no mail',
      thumbnail: [],
    };
    expect(sessionOf(loginAnswer({ extra: 1 }, changes))).to.have.all.keys(
      ...[
        'sid',
        'apiUrl',
        'platformUrl',
        'clientid',
        'userUuid',
        'loginTime',
        'timeoutPeriodHours',
        'endsAt',
      ],
    );
  });

  it("never takes the administrator's address for the user's", () => {
    expect(sessionOf(loginAnswer({}, { email: 'ada@acme.example' })).email).to.equal('ada@acme.example');
    const silent = sessionOf(loginAnswer());
    expect(silent).to.not.have.property('email');
    expect(JSON.stringify(silent)).to.not.match(/admin|apikey/);
  });

  it('never throws, whatever it is', () => {
    const odd = fc.record({ content: fc.record({ session: fc.jsonValue(), info: fc.jsonValue() }) });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          odd.map((value) => JSON.stringify(value)),
        ),
        (body) => {
          parseLoginToken(body);
          isYapiAddress(body);
          return read(body).status === 'pending' || read(body).status === 'refused';
        },
      ),
    );
  });
});

describe("IB's other answers", () => {
  it('are login tokens of a few plain characters', () => {
    expect(parseLoginToken('{"SID":"anonymous","content":"EPEjv7Za3"}')).to.equal('EPEjv7Za3');
    for (const content of ['', 7, 'a b', '../x', 'a&b', 'ä', 'x'.repeat(129), null, { sid: 'x' }, undefined])
      expect(parseLoginToken(JSON.stringify({ SID: 'x', content }))).to.equal(undefined);
    for (const body of ['<html>', '', 'null', '"EPEjv7Za3"', '{"message":"Something went wrong"}'])
      expect(parseLoginToken(body)).to.equal(undefined);
  });

  it('say in any form that a login token has expired', () => {
    for (const body of [
      '{"message":"The requested resource has expired"}',
      'The requested Resource Has Expired.',
      '"RESOURCE HAS EXPIRED"',
      '<p>resource has expired</p>',
    ])
      expect(saysExpired(body), body).to.equal(true);
    for (const body of ['', '{"message":"Not found"}', '{"message":"session expired"}'])
      expect(saysExpired(body), body).to.equal(false);
  });

  it('tell a platform by the address it gives to the probe', () => {
    expect(isYapiAddress('{"content":"https://apius.intelligencebank.com"}')).to.equal(true);
    for (const body of ['{"content":"hello"}', '{"content":null}', '{}', '[]', '<html>', ''])
      expect(isYapiAddress(body), body).to.equal(false);
  });
});
