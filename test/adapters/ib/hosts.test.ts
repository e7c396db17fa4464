import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { fetch } from 'undici';
import { createIbClient } from '../../../adapters/ib/client.ts';
import { createGuardedAgent, isPublicAddress, readLimited } from '../../../adapters/ib/http-agent.ts';
import { parseApiUrl, parsePlatform } from '../../../adapters/ib/platform-url.ts';
import { type IbHostRule, parseIbHosts } from '../../../config/hosts.ts';

const rules: readonly IbHostRule[] = [
  { kind: 'pattern', pattern: '*.intelligencebank.com' },
  { kind: 'pattern', pattern: 'dam.acme.com' },
  { kind: 'origin', origin: 'http://127.0.0.1:4000' },
  { kind: 'origin', origin: 'https://ib.acme.test:8443' },
];

/** What an attacker, or a mistake, may put where a host is meant. */
const HOSTILE = [
  'http://acme.intelligencebank.com',
  'acme.intelligencebank.com:8080',
  'https://acme.intelligencebank.com:22',
  'acme.intelligencebank.com.evil.example',
  'https://acme.intelligencebank.com.evil.example/',
  'evilintelligencebank.com',
  'intelligencebank.com',
  '.intelligencebank.com',
  '*.intelligencebank.com',
  '-.intelligencebank.com',
  'acme..intelligencebank.com',
  'acme.intelligencebank.com..',
  'acme.intelligencebank.com.',
  '_acme.intelligencebank.com',
  'acme@evil.example',
  'https://acme.intelligencebank.com@evil.example',
  'https://evil.example#.intelligencebank.com',
  'https://evil.example/.intelligencebank.com',
  'https://evil.example?.intelligencebank.com',
  'https://evil.example\\.intelligencebank.com',
  'https://user:pass@acme.intelligencebank.com',
  'https://acme.intelligencebank.com%2f@evil.example',
  'https://evil.example%23.intelligencebank.com',
  'https://acme.intelligencebank.com%00.evil.example',
  'acme.intelligencebank.com\u0000',
  'acme\r\n.intelligencebank.com',
  'acme\t.intelligencebank.com',
  'ac me.intelligencebank.com',
  'https:///acme.intelligencebank.com',
  'https:/acme.intelligencebank.com',
  'https:acme.intelligencebank.com',
  '//acme.intelligencebank.com',
  '///evil.example',
  'ftp://acme.intelligencebank.com',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'data:text/html,x',
  'gopher://acme.intelligencebank.com',
  'http://169.254.169.254',
  'http://169.254.169.254/latest/meta-data',
  '169.254.169.254',
  'http://127.0.0.1',
  'http://127.0.0.1:4001',
  'https://127.0.0.1:4000',
  '127.0.0.1',
  '127.1',
  '0.0.0.0',
  '0',
  '2130706433',
  'http://2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  'http://0x7f.1',
  '[::1]',
  'http://[::1]',
  '[::ffff:127.0.0.1]',
  '[fe80::1]',
  '[fc00::1]',
  '::1',
  'localhost',
  'http://localhost',
  'localhost:4000',
  'localtest.me',
  '10.0.0.1',
  '192.168.1.1',
  '172.16.0.1',
  '100.64.0.1',
  '224.0.0.1',
  'xn--cme-5cd.intelligencebank.com',
  'аcme.intelligencebank.com',
  'acme.intelligencebаnk.com',
  'acme。intelligencebank.com',
  'acme.intelligencebank。com',
  'ⓐcme.intelligencebank.com',
  'dam.acme.com.evil.example',
  'x.dam.acme.com',
  'dam.acme.com:444',
  'http://dam.acme.com',
  'ib.acme.test',
  'http://ib.acme.test:8443',
  `${'a'.repeat(64)}.intelligencebank.com`,
  `${'a.'.repeat(200)}intelligencebank.com`,
  'a'.repeat(5000),
  'acme.intelligencebank.com:99999',
  'acme.intelligencebank.com:',
  'acme.intelligencebank.com:443:443',
];

describe('the gate for hosts', () => {
  it(`refuses ${HOSTILE.length} hostile texts, for platforms and for API hosts`, () => {
    for (const text of HOSTILE) {
      expect(parsePlatform(text, rules).ok, JSON.stringify(text)).to.equal(false);
      expect(parseApiUrl(text, rules), JSON.stringify(text)).to.equal(undefined);
    }
  });

  const accepted: readonly (readonly [string, string])[] = [
    ['acme.intelligencebank.com', 'https://acme.intelligencebank.com'],
    ['  https://ACME.IntelligenceBank.com/  ', 'https://acme.intelligencebank.com'],
    ['https://acme.intelligencebank.com/auth/?login=0#x', 'https://acme.intelligencebank.com'],
    ['acme.intelligencebank.com:443', 'https://acme.intelligencebank.com'],
    ['eu.acme.intelligencebank.com', 'https://eu.acme.intelligencebank.com'],
    ['acme', 'https://acme.intelligencebank.com'],
    ['DAM.acme.com', 'https://dam.acme.com'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['ib.acme.test:8443', 'https://ib.acme.test:8443'],
  ];
  for (const [text, origin] of accepted) {
    it(`reads ${JSON.stringify(text)} as ${origin}`, () => {
      const parsed = parsePlatform(text, rules);
      expect(parsed.ok && parsed.platform.origin).to.equal(origin);
    });
  }

  it('completes one word only where one domain leaves no doubt', () => {
    const two: IbHostRule[] = [...rules, { kind: 'pattern', pattern: '*.other.com' }];
    expect(parsePlatform('acme', two)).to.deep.equal({ ok: false, reason: 'not_allowed' });
  });

  it('takes no path in the address of an API', () => {
    expect(parseApiUrl('https://usprod2usv3.intelligencebank.com/', rules)).to.equal(
      'https://usprod2usv3.intelligencebank.com',
    );
    expect(parseApiUrl('https://usprod2usv3.intelligencebank.com/x', rules)).to.equal(undefined);
  });

  it('reads the list of hosts with all its faults at once', () => {
    expect(parseIbHosts(' *.intelligencebank.com , dam.acme.com,http://127.0.0.1:4000/ '))
      .to.have.property('rules')
      .with.length(3);
    const faulty = parseIbHosts('acme,*.*.com,http://x/y,ftp://x,10.0.0.1');
    expect('faults' in faulty && faulty.faults).to.have.length(5);
    expect(parseIbHosts('  ')).to.have.property('faults');
  });
});

describe('the guarded agent', () => {
  const bad = [
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1',
    'fc00::1',
    'fd00::1',
    'ff02::1',
    '64:ff9b::7f00:1',
    '2001:db8::1',
    '2002:7f00:1::',
    'nonsense',
    '',
  ];
  it('knows public addresses from all others', () => {
    for (const address of bad) expect(isPublicAddress(address), address).to.equal(false);
    for (const address of ['8.8.8.8', '52.1.2.3', '2600:1f18::1'])
      expect(isPublicAddress(address), address).to.equal(true);
  });

  type Answers = readonly { address: string; family: number }[];
  const agentWith = (answers: readonly Answers[]) => {
    let turn = 0;
    return createGuardedAgent({
      rules,
      lookup: (_host, _options, callback) =>
        callback(null, [...(answers[Math.min(turn++, answers.length - 1)] ?? [])]),
    });
  };
  async function codeOf(url: string, answers: readonly Answers[]): Promise<string> {
    const dispatcher = agentWith(answers);
    try {
      await fetch(url, { dispatcher, signal: AbortSignal.timeout(2000) });
      return 'connected';
    } catch (error) {
      return String(((error as Error).cause as { code?: string } | undefined)?.code);
    } finally {
      await dispatcher.destroy();
    }
  }

  it('refuses a name that resolves to a private address, alone or among others, the first time or the second', async () => {
    const loopback = { address: '127.0.0.1', family: 4 };
    const open = { address: '8.8.8.8', family: 4 };
    expect(await codeOf('https://acme.intelligencebank.com', [[loopback]])).to.equal('ADDRESS_REFUSED');
    expect(await codeOf('https://acme.intelligencebank.com', [[open, loopback]])).to.equal('ADDRESS_REFUSED');
    expect(await codeOf('https://acme.intelligencebank.com', [[]])).to.equal('ADDRESS_REFUSED');
    // Each connection looks up anew and is checked anew: a name that changes its mind gains nothing.
    const rebinding = agentWith([[loopback], [loopback]]);
    for (let turn = 0; turn < 2; turn += 1) {
      const refused = await fetch('https://acme.intelligencebank.com', { dispatcher: rebinding }).catch(
        (error: Error) => error.cause,
      );
      expect(refused).to.have.property('code', 'ADDRESS_REFUSED');
    }
    await rebinding.destroy();
  });

  it('refuses addresses in the URL itself, which are never looked up', async () => {
    for (const url of [
      'http://127.0.0.1:3999',
      'http://[::1]:3999',
      'http://[::ffff:127.0.0.1]:3999',
      'http://2130706433:3999',
      'http://169.254.169.254',
    ]) {
      expect(await codeOf(url, []), url).to.equal('ADDRESS_REFUSED');
    }
  });

  describe('against a real server', () => {
    const server = createServer((request, response) => {
      if (request.url === '/bomb') {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(gzipSync(Buffer.alloc(5_000_000, 'x')));
      } else if (request.url?.startsWith('/v1/auth/app/info') === true) {
        response.end('x'.repeat(1_000_000));
      } else {
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      }
    });
    let origin = '';
    before(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => {
      server.close();
      server.closeAllConnections();
    });

    it('counts decoded bytes: a small body that unpacks to a large one is cut off', async () => {
      const dispatcher = createGuardedAgent({ rules: [{ kind: 'origin', origin }] });
      const response = await fetch(`${origin}/bomb`, { dispatcher });
      const error = await readLimited(response.body, 256 * 1024).catch((caught: unknown) => caught);
      expect(error).to.have.property('code', 'BODY_TOO_LARGE');
      await dispatcher.destroy();
    });

    it('takes a body that never ends, and a redirect, for trouble', async () => {
      const agent = createGuardedAgent({ rules: [{ kind: 'origin', origin }] });
      const client = createIbClient({ rules: [{ kind: 'origin', origin }], agent });
      const platform = { origin, host: new URL(origin).host };
      expect(await client.checkLogin(platform, 'x')).to.deep.equal({
        status: 'trouble',
        reason: 'malformed',
      });
      expect(await client.requestLoginToken(platform)).to.deep.equal({
        status: 'trouble',
        reason: 'malformed',
        httpStatus: 302,
      });
      await agent.destroy();
    });
  });
});
