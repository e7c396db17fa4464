import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { attributeOf, Browser, type Page } from '../support/browser.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/demo.ts');
const PORTS = { DEMO_PROVIDER_PORT: '13010', DEMO_APP_PORT: '13011', DEMO_SANDBOX_PORT: '14010' };
const APP = 'http://localhost:13011/';
const API = 'http://127.0.0.1:14010';
const ACME = 'http://127.0.0.1:14011';

type Program = ChildProcessByStdio<null, Readable, Readable>;

/** The demo, in a process group of its own as in a terminal. */
function spawnDemo(env: Record<string, string>): Program {
  return spawn(process.execPath, [SCRIPT], {
    env: { ...process.env, ...PORTS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

async function control(path: string, body: unknown): Promise<number> {
  const init = { method: 'POST', body: JSON.stringify(body) };
  return (await fetch(`${ACME}/__sandbox/${path}`, init)).status;
}

async function isReached(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

describe('the demo and its example app', function () {
  this.timeout(60_000);
  let folder: string;
  let demo: Program;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-demo-'));
    demo = spawnDemo({ DEMO_DATA_DIR: folder });
    let output = '';
    for await (const chunk of demo.stdout) {
      output += String(chunk);
      if (output.includes('Ctrl-C')) break;
    }
    for (const url of [APP, 'http://localhost:13010', ACME]) expect(output).to.contain(url);
  });
  after(async () => {
    if (demo.exitCode === null) {
      demo.kill('SIGTERM');
      await once(demo, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  async function signIn(browser: Browser): Promise<Page> {
    const start = await browser.press(await browser.open(APP), 'sign-in');
    const question = await browser.open(start.url);
    const waiting = await browser.press(question, 'platform', { platform_url: ACME });
    const link = new URL(attributeOf(waiting, 'data-ib-login', 'href') ?? '');
    await control('sign-in', { user: 'Ada Lovelace', token: link.searchParams.get('token') });
    const consent = await browser.press(waiting, 'continue');
    const back = await browser.press(consent, 'consent', { decision: 'allow' });
    return browser.open(back.url);
  }

  it('signs in, lists folders of IntelligenceBank, and refreshes', async () => {
    const browser = new Browser();
    let page = await signIn(browser);
    expect(page.url.href).to.equal(APP);
    expect(page.body).to.contain('Hello, <strong>Ada Lovelace</strong>').and.contain('ada@acme.example');
    page = await browser.press(page, 'folders');
    for (const name of ['Campaigns', 'Product shots']) expect(page.body).to.contain(`<li>${name}</li>`);
    expect(page.body).to.not.contain('Templates');
    page = await browser.press(page, 'refresh');
    expect(page.body).to.contain('The tokens were refreshed.').and.contain('Hello');
  });

  it('says what did not work when IntelligenceBank is in trouble, and stays signed in', async () => {
    const browser = new Browser();
    const page = await signIn(browser);
    await control('switches', { apiStatus: 500 });
    const told = await browser.press(page, 'folders');
    await control('reset', {});
    expect(told.body).to.contain('That did not work: IntelligenceBank answered with status 500');
    expect((await browser.open(APP)).body).to.contain('Hello');
  });

  it('offers a new sign-in once the session of IntelligenceBank is over', async () => {
    const browser = new Browser();
    const page = await signIn(browser);
    await control('kill', {});
    const over = await browser.press(page, 'folders');
    expect(over.body).to.contain('Your session is over.').and.contain('Sign in with IntelligenceBank');
    expect((await browser.open(APP)).body)
      .to.not.contain('is over')
      .and.not.contain('Hello');
  });

  it('takes a new cookie at each step, and none that it did not give', async () => {
    const browser = new Browser();
    const cookie = () => browser.cookies.find(({ name }) => name === 'app_session')?.value;
    browser.cookies.push({ name: 'app_session', value: 'chosen', path: '/', host: 'localhost' });
    await browser.press(await browser.open(APP), 'sign-in');
    const before = cookie();
    expect(before).to.match(/^[\w-]{43}$/);
    await signIn(browser);
    expect(cookie())
      .to.match(/^[\w-]{43}$/)
      .and.not.equal(before);
  });

  it('takes no answer that this browser did not ask for', async () => {
    const page = await new Browser().open(`${APP}callback?code=x&state=y`);
    expect(page.status).to.equal(200);
    expect(page.body).to.contain('Sign in with IntelligenceBank').and.not.contain('Hello');
  });

  it('says which ports are taken, and leaves what listens there alone', async () => {
    const second = spawnDemo({ DEMO_DATA_DIR: join(folder, 'second') });
    const said = text(second.stderr);
    const [code] = await once(second, 'exit');
    expect(code).to.equal(1);
    expect(await said)
      .to.contain('Port 13010 is in use')
      .and.contain('DEMO_PROVIDER_PORT')
      .and.contain('Port 14012 is in use')
      .and.not.match(/^\s+at /m);
    expect(await isReached(APP)).to.equal(true);
  });

  it('stops all with code 0 on Ctrl-C, which a terminal sends to the whole group', async () => {
    const ended = once(demo, 'exit');
    process.kill(-(demo.pid ?? 0), 'SIGINT');
    expect(await ended).to.deep.equal([0, null]);
    for (const url of [APP, 'http://localhost:13010/healthz', ACME, API]) {
      expect(await isReached(url), url).to.equal(false);
    }
  });

  it('stops all with the code of a child that ends', async () => {
    const failing = spawnDemo({ DEMO_DATA_DIR: join(folder, 'failing'), LOG_LEVEL: 'nonsense' });
    const said = text(failing.stderr);
    const [code] = await once(failing, 'exit');
    expect(code).to.equal(1);
    expect(await said)
      .to.contain('The provider has ended with code 1')
      .and.contain('LOG_LEVEL');
    expect(await isReached(ACME), 'the sandbox has been stopped too').to.equal(false);
  });
});

describe('the sandbox as a program', () => {
  const MAIN = join(import.meta.dirname, '../../sandbox/main.ts');
  const run = (port: string): Program =>
    spawn(process.execPath, [MAIN], {
      env: { ...process.env, PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('prints one line with its addresses and ends with code 0 on SIGTERM', async () => {
    const child = run('0');
    const [line] = await once(child.stdout, 'data');
    const [, origin = ''] = /ACME (http:\/\/127\.0\.0\.1:\d{4,5}) /.exec(String(line)) ?? [];
    expect((await fetch(`${origin}/v1/auth/app/getYapiAddress`)).status).to.equal(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });

  it('says that a port is taken or no port', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const taken = typeof address === 'object' ? address?.port : 0;
    for (const [port, words] of [
      [String(taken), 'cannot listen'],
      ['x', 'wants a number'],
    ] as const) {
      const child = run(port);
      const said = text(child.stderr);
      expect((await once(child, 'exit'))[0]).to.equal(1);
      expect(await said)
        .to.match(/^PORT: /)
        .and.contain(words)
        .and.not.contain('    at ');
    }
    server.close();
  });
});
