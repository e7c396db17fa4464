import { expect } from 'chai';
import fc from 'fast-check';
import { isExactOrigin, parseApiUrl, parsePlatform } from '../../../adapters/ib/platform-url.ts';
import type { IbHostRule } from '../../../config/hosts.ts';

const rules: readonly IbHostRule[] = [
  { kind: 'pattern', pattern: '*.intelligencebank.com' },
  { kind: 'pattern', pattern: 'dam.acme.com' },
  { kind: 'pattern', pattern: 'dam.xn--mller-kva.example' },
  { kind: 'origin', origin: 'http://127.0.0.1:4000' },
  { kind: 'origin', origin: 'http://127.0.0.1' },
  { kind: 'origin', origin: 'https://ib.acme.test:8443' },
];

/** What an attacker, or a mistake, may put where a host is meant. */
const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  'another scheme': [
    'http://acme.intelligencebank.com',
    'http://dam.acme.com',
    'http://ib.acme.test:8443',
    'https://127.0.0.1:4000',
    'ftp://acme.intelligencebank.com',
    'file:///etc/passwd',
    'gopher://acme.intelligencebank.com',
    'javascript:alert(1)',
    'data:text/html,x',
    'blob:https://acme.intelligencebank.com/x',
    'httpſ://acme.intelligencebank.com',
  ],
  'another port': [
    'acme.intelligencebank.com:8080',
    'https://acme.intelligencebank.com:22',
    'acme.intelligencebank.com:80',
    'acme.intelligencebank.com:0',
    'acme.intelligencebank.com:99999',
    'acme.intelligencebank.com:',
    'acme.intelligencebank.com:443:443',
    'acme.intelligencebank.com:+443',
    'acme.intelligencebank.com:４４３',
    'dam.acme.com:444',
    'http://127.0.0.1:4001',
    'ib.acme.test',
  ],
  'another domain': [
    'evil.example',
    'acme.intelligencebank.com.evil.example',
    'https://acme.intelligencebank.com.evil.example/',
    'evilintelligencebank.com',
    'intelligencebank.com',
    'intelligencebank.com.au',
    'dam.acme.com.evil.example',
    'x.dam.acme.com',
    'localtest.me',
    'acme.intelligencebank.com,evil.example',
    'acme.intelligencebank.com evil.example',
  ],
  'user information': [
    'acme@evil.example',
    'https://acme.intelligencebank.com@evil.example',
    'https://acme.intelligencebank.com:443@evil.example',
    'https://user:pass@acme.intelligencebank.com',
    'https://acme.intelligencebank.com%2f@evil.example',
    'https://evil.example\\@acme.intelligencebank.com',
    'https://acme.intelligencebank.com\\@evil.example',
  ],
  'a domain that is a path, query, fragment or escape': [
    'https://evil.example#.intelligencebank.com',
    'https://evil.example/.intelligencebank.com',
    'https://evil.example?.intelligencebank.com',
    'https://evil.example\\.intelligencebank.com',
    'https://evil.example%23.intelligencebank.com',
    'https://evil.example%2f.intelligencebank.com',
    'https://acme.intelligencebank.com%00.evil.example',
    'https://acme%2eintelligencebank%2ecom',
  ],
  'slashes that move the host': [
    'https:///acme.intelligencebank.com',
    'https:/acme.intelligencebank.com',
    'https:acme.intelligencebank.com',
    'https:\\\\acme.intelligencebank.com',
    '//acme.intelligencebank.com',
    '/acme.intelligencebank.com',
    '\\acme.intelligencebank.com',
  ],
  'dots and labels that are none': [
    '.intelligencebank.com',
    '*.intelligencebank.com',
    '-.intelligencebank.com',
    '-acme.intelligencebank.com',
    '_acme.intelligencebank.com',
    'acme..intelligencebank.com',
    'acme.intelligencebank.com.',
    'acme.intelligencebank.com..',
    'https://acme.intelligencebank.com./',
    '.',
    '/',
    ':',
    `${'a'.repeat(64)}.intelligencebank.com`,
    `${'a.'.repeat(200)}intelligencebank.com`,
    'a'.repeat(5000),
    `https://acme.intelligencebank.com/${'x'.repeat(5000)}`,
  ],
  'characters that hide': [
    'acme.intelligencebank.com\u0000',
    'acme\u0000.intelligencebank.com',
    'acme\r\n.intelligencebank.com',
    'acme.intelligencebank.com/\r\nevil.example',
    'acme\t.intelligencebank.com',
    'ac me.intelligencebank.com',
    'acme\u00ad.intelligencebank.com',
    'acme\u200b.intelligencebank.com',
    '\u202eacme.intelligencebank.com',
  ],
  'letters that look like others': [
    'xn--cme-5cd.intelligencebank.com',
    'eu.xn--cme-5cd.intelligencebank.com',
    'XN--CME-5CD.intelligencebank.com',
    'xn--80akhbyknj4f',
    'аcme.intelligencebank.com',
    'acme.intelligencebаnk.com',
    'acme.intelligenceban\u212a.com',
    'acme。intelligencebank.com',
    'acme.intelligencebank。com',
    'acme．intelligencebank.com',
    'ⓐcme.intelligencebank.com',
    'müller.intelligencebank.com',
    'müller.acme。intelligencebank.com',
    'dam.mülIer.example',
    'dam.mu\u0308ller.evil.example',
    'ｄam.acme.com',
    'https://dam.müller.example:444',
    'http://dam.müller.example',
    'ada@dam.müller.example',
    'dam.müller.example\\.evil.example',
    'dam.müller.example%2f',
    `dam.${'ü'.repeat(300)}.example`,
  ],
  'addresses, however written': [
    '169.254.169.254',
    'http://169.254.169.254',
    'http://169.254.169.254/latest/meta-data',
    'https://169.254.169.254.',
    '127.0.0.2',
    '127.0.0.1:4001',
    '127.1',
    '0.0.0.0',
    '0',
    '2130706433',
    'http://2130706433',
    '0x7f000001',
    '0X7F000001',
    '0x7f.0.0.1',
    'http://0x7f.1',
    'http://0x7f.1:4000',
    '0177.0.0.1',
    'http://0177.0.0.1:4000',
    '017700000001',
    '①②⑦.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '100.64.0.1',
    '224.0.0.1',
    '8.8.8.8',
  ],
  'addresses of IPv6': [
    '::1',
    '[::1]',
    'http://[::1]',
    'http://[::1]:4000',
    'https://[::]',
    '[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]:4000',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[fe80::1]',
    '[fe80::1%25eth0]',
    '[fc00::1]',
    '[2600:1f18::1]',
  ],
  'names of this machine': ['localhost', 'http://localhost', 'localhost:4000', 'LOCALHOST', 'localhost.'],
};

const hostile = Object.entries(HOSTILE).flatMap(([kind, texts]) => texts.map((text) => ({ kind, text })));

describe('the gate for hosts', () => {
  for (const { kind, text } of hostile) {
    const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
    it(`refuses ${kind}: ${shown}`, () => {
      expect(parsePlatform(text, rules).ok).to.equal(false);
      expect(parseApiUrl(text, rules)).to.equal(undefined);
    });
  }

  const accepted: readonly (readonly [text: string, origin: string, host?: string])[] = [
    ['acme.intelligencebank.com', 'https://acme.intelligencebank.com'],
    ['  https://ACME.IntelligenceBank.com/  ', 'https://acme.intelligencebank.com'],
    ['\tHTTPS://acme.intelligencebank.com\r\n', 'https://acme.intelligencebank.com'],
    ['https://acme.intelligencebank.com/auth/?login=0#x', 'https://acme.intelligencebank.com'],
    ['acme.intelligencebank.com?x', 'https://acme.intelligencebank.com'],
    ['acme.intelligencebank.com/@evil.example', 'https://acme.intelligencebank.com'],
    ['acme.intelligencebank.com:443', 'https://acme.intelligencebank.com'],
    ['eu.acme.intelligencebank.com', 'https://eu.acme.intelligencebank.com'],
    ['acme', 'https://acme.intelligencebank.com'],
    ['ACME/', 'https://acme.intelligencebank.com'],
    ['3m', 'https://3m.intelligencebank.com'],
    ['DAM.acme.com', 'https://dam.acme.com'],
    ['dam.xn--mller-kva.example', 'https://dam.xn--mller-kva.example'],
    ['dam.müller.example', 'https://dam.xn--mller-kva.example'],
    ['https://DAM.MÜLLER.example/auth/?login=0', 'https://dam.xn--mller-kva.example'],
    ['dam.mu\u0308ller.example:443', 'https://dam.xn--mller-kva.example'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000', '127.0.0.1:4000'],
    ['127.0.0.1:4000/x', 'http://127.0.0.1:4000', '127.0.0.1:4000'],
    ['127.0.0.1', 'http://127.0.0.1'],
    ['http://127.0.0.1:80', 'http://127.0.0.1'],
    ['ib.acme.test:8443', 'https://ib.acme.test:8443', 'ib.acme.test:8443'],
  ];
  for (const [text, origin, host] of accepted) {
    it(`reads ${JSON.stringify(text)} as ${origin}`, () => {
      const platform = { origin, host: host ?? new URL(origin).hostname };
      expect(parsePlatform(text, rules)).to.deep.equal({ ok: true, platform });
    });
  }

  it('says why: nothing there, no host, or not one of the list', () => {
    expect(parsePlatform(' \t ', rules)).to.deep.equal({ ok: false, reason: 'empty' });
    expect(parsePlatform('acme@evil.example', rules)).to.deep.equal({ ok: false, reason: 'not_a_host' });
    expect(parsePlatform('evil.example', rules)).to.deep.equal({ ok: false, reason: 'not_allowed' });
  });

  it('completes one word only where one domain leaves no doubt', () => {
    const refused = { ok: false, reason: 'not_allowed' };
    const two: IbHostRule[] = [...rules, { kind: 'pattern', pattern: '*.other.com' }];
    expect(parsePlatform('acme', two)).to.deep.equal(refused);
    expect(parsePlatform('acme', [{ kind: 'pattern', pattern: 'dam.acme.com' }])).to.deep.equal(refused);
    expect(parsePlatform('acme', [])).to.deep.equal(refused);
    expect(parsePlatform('https://acme', rules)).to.deep.equal(refused);
    expect(parsePlatform('acme:443', rules)).to.deep.equal(refused);
    expect(parsePlatform('https//acme.intelligencebank.com', rules), 'no company').to.deep.equal(refused);
  });

  it('takes the origin of an API, with or without scheme, slash and path, and no bare word', () => {
    const origin = 'https://usprod2usv3.intelligencebank.com';
    for (const text of [
      origin,
      `${origin}/`,
      `${origin}:443`,
      'USprod2usv3.IntelligenceBank.com',
      `${origin}/api/v3`,
      `${origin}//`,
      `${origin}?x`,
      `${origin}#x`,
      `${origin}/@evil.example/`,
    ])
      expect(parseApiUrl(text, rules), text).to.equal(origin);
    for (const text of [
      `https://evil.example/${origin}`,
      `https://evil.example?${origin}`,
      `//${origin}`,
      '//usprod2usv3.intelligencebank.com',
      `${origin}\\@evil.example`,
      `https://usprod2usv3.intelligencebank.com@evil.example/api/v3`,
      ` ${origin}`,
      'usprod2usv3',
      '',
    ])
      expect(parseApiUrl(text, rules), text).to.equal(undefined);
  });

  it('lifts the rule of public addresses for exact origins alone', () => {
    expect(isExactOrigin('http://127.0.0.1:4000', rules)).to.equal(true);
    for (const origin of ['http://127.0.0.1:4001', 'https://127.0.0.1:4000', 'https://dam.acme.com', ''])
      expect(isExactOrigin(origin, rules), origin).to.equal(false);
  });

  it('gives nothing but origins of the list, whatever is typed', () => {
    const pieces =
      'https:// http:// acme . @ : 443 4000 / \\ # ? %2e [ ] ::1 .intelligencebank.com dam.acme.com 127.0.0.1 0x7f xn--a 。';
    const piece = fc.constantFrom(' ', '\u0000', 'evil.example', ...pieces.split(' '));
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 8 }).map((chosen) => chosen.join('')),
      fc.webUrl(),
    );
    const onList = (origin: string): boolean =>
      isExactOrigin(origin, rules) ||
      /^https:\/\/(?:[a-z0-9-]+\.)+intelligencebank\.com$/.test(origin) ||
      origin === 'https://dam.acme.com';
    fc.assert(
      fc.property(text, (typed) => {
        const parsed = parsePlatform(typed, rules);
        const origin = parsed.ok ? parsed.platform.origin : undefined;
        for (const found of [origin, parseApiUrl(typed, rules)])
          if (found !== undefined && (!onList(found) || URL.parse(found)?.origin !== found)) return false;
        return true;
      }),
      { numRuns: 2000 },
    );
  });
});
