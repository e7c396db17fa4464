import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import {
  createCheckedLookup,
  createGuardedAgent,
  createGuardedFetch,
  isPublicAddress,
  readLimited,
} from '../../../adapters/ib/http-agent.ts';
import type { IbHostRule } from '../../../config/hosts.ts';

interface Address {
  readonly address: string;
  readonly family: number;
}

const LOOPBACK: Address = { address: '127.0.0.1', family: 4 };
const PUBLIC: Address = { address: '8.8.8.8', family: 4 };
const PUBLIC_V6: Address = { address: '2600:1f18::1', family: 6 };

/** A lookup that gives these answers, one after the other, and then the last for ever. */
function answering(...answers: readonly (readonly Address[])[]) {
  const asked: string[] = [];
  return {
    asked,
    lookup: (host: string, _options: unknown, callback: (error: null, found: Address[]) => void): void => {
      callback(null, [...(answers[Math.min(asked.push(host), answers.length) - 1] ?? [])]);
    },
  };
}

describe('a public address', () => {
  const others = [
    ...['0.0.0.0', '0.1.2.3', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254'],
    ...['169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1'],
    ...['192.88.99.1', '192.168.0.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1'],
    ...[
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:10.0.0.1',
      '::127.0.0.1',
    ],
    ...['64:ff9b::7f00:1', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1'],
    ...['4000::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
    ...['', 'nonsense', 'localhost', '127.1', '2130706433', '0x7f.0.0.1', '0177.0.0.1', '8.8.8', '8.8.8.8.8'],
  ];
  for (const address of others) {
    it(`is not ${JSON.stringify(address)}`, () => {
      expect(isPublicAddress(address)).to.equal(false);
    });
  }

  it('is any other', () => {
    for (const address of [
      '8.8.8.8',
      '52.1.2.3',
      '100.63.0.1',
      '172.32.0.1',
      '2600:1f18::1',
      '::ffff:8.8.8.8',
    ])
      expect(isPublicAddress(address), address).to.equal(true);
  });
});

describe('a checked lookup', () => {
  type Outcome = { readonly code?: unknown; readonly found?: unknown };
  const ask = (lookup: ReturnType<typeof createCheckedLookup>, all: boolean): Promise<Outcome> =>
    new Promise((resolve) => {
      lookup('acme.intelligencebank.com', { all }, (error, found) =>
        resolve(error === null ? { found } : { code: (error as { code?: string }).code }),
      );
    });

  it('hands on exactly the addresses that it has checked', async () => {
    const { lookup, asked } = answering([PUBLIC, PUBLIC_V6]);
    const checked = createCheckedLookup(lookup, isPublicAddress);
    expect(await ask(checked, true)).to.deep.equal({ found: [PUBLIC, PUBLIC_V6] });
    expect(await ask(checked, false)).to.deep.equal({ found: PUBLIC.address });
    expect(asked, 'one question for each connection').to.have.length(2);
  });

  it('refuses a name for one bad address among good ones, wherever it stands, and for none at all', async () => {
    for (const answer of [
      [LOOPBACK],
      [PUBLIC, LOOPBACK],
      [LOOPBACK, PUBLIC],
      [PUBLIC_V6, PUBLIC, LOOPBACK],
      [],
    ]) {
      for (const all of [true, false])
        expect(await ask(createCheckedLookup(answering(answer).lookup, isPublicAddress), all)).to.deep.equal({
          code: 'ADDRESS_REFUSED',
        });
    }
  });

  it('checks every answer anew: a name that turns inwards after a good answer is refused', async () => {
    const checked = createCheckedLookup(answering([PUBLIC], [LOOPBACK]).lookup, isPublicAddress);
    expect(await ask(checked, true)).to.deep.equal({ found: [PUBLIC] });
    expect(await ask(checked, true)).to.deep.equal({ code: 'ADDRESS_REFUSED' });
  });

  it('passes on that a name is unknown', async () => {
    const unknown = Object.assign(new Error('unknown'), { code: 'ENOTFOUND' });
    const checked = createCheckedLookup(
      (_host, _options, callback) => callback(unknown, []),
      isPublicAddress,
    );
    expect(await ask(checked, true)).to.deep.equal({ code: 'ENOTFOUND' });
  });
});

describe('the guarded agent', () => {
  let hits = 0;
  let port = 0;
  const server = createServer((request, response) => {
    hits += 1;
    if (request.url === '/bomb') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000)));
    } else if (request.url === '/redirect') {
      response.writeHead(302, { location: '/' }).end();
    } else {
      response.writeHead(200, { connection: 'close' }).end('\ufeffhello');
    }
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    hits = 0;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  const agents: ReturnType<typeof createGuardedAgent>[] = [];
  afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.destroy())));

  /** Rules that allow one exact origin, and names that lead to the loopback interface. */
  function agentWith(origin: string | undefined, lookup = answering([LOOPBACK]).lookup) {
    const rules: IbHostRule[] = [{ kind: 'pattern', pattern: '*.intelligencebank.com' }];
    if (origin !== undefined) rules.push({ kind: 'origin', origin });
    const agent = createGuardedAgent({ rules, lookup });
    agents.push(agent);
    return agent;
  }
  const fetchWith = async (url: string, agent: ReturnType<typeof agentWith>) => {
    const { fetch, dispatcher } = await agent.open();
    return fetch(url, { dispatcher });
  };
  const outcomeOf = (url: string, agent: ReturnType<typeof agentWith>): Promise<unknown> =>
    fetchWith(url, agent).then(
      (response) => response.status,
      (error: Error) => (error.cause as { code?: string } | undefined)?.code,
    );

  it('reaches an exact origin of the rules, by address and by name', async () => {
    const byAddress = `http://127.0.0.1:${port}`;
    expect(await outcomeOf(byAddress, agentWith(byAddress))).to.equal(200);
    const byName = `http://ib.test:${port}`;
    expect(await outcomeOf(byName, agentWith(byName))).to.equal(200);
    expect(hits).to.equal(2);
  });

  it('refuses every other origin at that address: another name, scheme or port', async () => {
    const agent = agentWith(`http://ib.test:${port}`);
    for (const url of [
      `http://127.0.0.1:${port}`,
      `http://acme.intelligencebank.com:${port}`,
      `https://ib.test:${port}`,
      `http://ib.test:${port === 65_535 ? port - 1 : port + 1}`,
      'https://acme.intelligencebank.com',
    ])
      expect(await outcomeOf(url, agent), url).to.equal('ADDRESS_REFUSED');
    expect(hits).to.equal(0);
  });

  it('refuses addresses in the URL itself, which are never looked up', async () => {
    const { lookup, asked } = answering([PUBLIC]);
    const agent = agentWith(undefined, lookup);
    for (const host of [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ])
      expect(await outcomeOf(`http://${host}:${port}`, agent), host).to.equal('ADDRESS_REFUSED');
    for (const host of ['169.254.169.254', '10.0.0.1', '[fd00:ec2::254]'])
      expect(await outcomeOf(`https://${host}`, agent), host).to.equal('ADDRESS_REFUSED');
    expect({ hits, asked }).to.deep.equal({ hits: 0, asked: [] });
  });

  it('looks a name up anew for each connection, so that what was good once is no pass', async () => {
    const origin = `http://ib.test:${port}`;
    const { lookup, asked } = answering([LOOPBACK], []);
    const agent = agentWith(origin, lookup);
    expect(await outcomeOf(origin, agent)).to.equal(200);
    expect(await outcomeOf(origin, agent)).to.equal('ADDRESS_REFUSED');
    expect({ hits, asked }).to.deep.equal({ hits: 1, asked: ['ib.test', 'ib.test'] });
  });

  it('counts decoded bytes: a small body that unpacks to a large one is cut off', async () => {
    const origin = `http://127.0.0.1:${port}`;
    const response = await fetchWith(`${origin}/bomb`, agentWith(origin));
    const error = await readLimited(response.body, 256 * 1024).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'BODY_TOO_LARGE');
  });

  it('reads a body up to its limit, without the mark at its beginning', async () => {
    const origin = `http://127.0.0.1:${port}`;
    const body = async () => (await fetchWith(origin, agentWith(origin))).body;
    expect(await readLimited(await body(), 8)).to.equal('hello');
    const error = await readLimited(await body(), 7).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'BODY_TOO_LARGE');
    expect(await readLimited(null, 7)).to.equal('');
  });

  it('gives libraries a fetch that is guarded too and follows no redirect, whatever they ask for', async () => {
    const origin = `http://127.0.0.1:${port}`;
    const open = createGuardedFetch({ agent: agentWith(origin) });
    expect((await open(`${origin}/redirect`, { redirect: 'follow' })).status).to.equal(302);
    expect(hits).to.equal(1);
    const closed = createGuardedFetch({ agent: agentWith(undefined) });
    // oidc-provider hands a dispatcher of its own along; it takes no precedence.
    const init: object = { dispatcher: (await agentWith(origin).open()).dispatcher };
    const error = await closed(origin, init).catch((caught: Error) => caught.cause);
    expect(error).to.have.property('code', 'ADDRESS_REFUSED');
    expect(hits).to.equal(1);
  });
});
