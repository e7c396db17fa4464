import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser as Chromium } from 'playwright-core';
import { Browser, formsOf } from '../support/browser.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Stack, signInAt, startStack } from '../support/stack.ts';

const SPA = 'http://localhost:13903/';
const examples = join(import.meta.dirname, '../../examples');

describe('the examples', function () {
  this.timeout(60_000);
  let stack: Stack;
  let chromium: Chromium;
  const children: ChildProcess[] = [];

  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent' },
      clients: `
clients:
  - client_id: demo-cli
    client_name: Example CLI
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: [http://127.0.0.1/callback]
    grant_types: [authorization_code, refresh_token, 'urn:ietf:params:oauth:grant-type:device_code']
    scope: openid profile ib:api
  - client_id: demo-spa
    client_name: Example single-page app
    token_endpoint_auth_method: none
    redirect_uris: ['${SPA}']
    post_logout_redirect_uris: ['${SPA}']
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
`,
    });
    chromium = await launchChromium();
  });
  after(async () => {
    for (const child of children) child.kill();
    await chromium.close();
    await stack.close();
  });

  /** Starts an example; `line` waits for what it prints. */
  function start(script: string, env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [join(examples, script)], {
      env: { ...process.env, ISSUER: stack.issuer, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (;;) {
        const found = pattern.exec(output);
        if (found !== null) return found;
        await once(child.stdout, 'data');
      }
    };
    return { child, line };
  }

  it('cli/loopback signs in by way of a loopback port', async () => {
    const { line } = start('cli/loopback.ts');
    const [, url = ''] = await line(/Open (\S+)/);
    const browser = new Browser();
    const consent = await signInAt(stack, browser, url);
    const back = await browser.press(consent, 'consent', { decision: 'allow' });
    expect((await fetch(back.url)).status).to.equal(200);
    await line(/Signed in as Ada Lovelace/);
  });

  it('cli/device signs in by way of another device', async () => {
    const { line } = start('cli/device.ts');
    const [, address = '', code = ''] = await line(/Open (\S+) on any device and enter the code (\S+)/);
    const browser = new Browser();
    const [acme] = stack.sandbox.platforms;
    let page = await browser.open(address);
    for (const fields of [{ user_code: code }, { confirm: 'yes' }]) {
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(page.body);
      page = await browser.submit(page, form, fields as Record<string, string>);
    }
    page = await browser.press(page, 'platform', { platform_url: acme.origin });
    acme.signIn('grace');
    page = await browser.press(page, 'continue');
    page = await browser.press(page, 'consent', { decision: 'allow' });
    expect(page.body).to.contain('Your device is connected');
    await line(/Signed in as Grace Hopper/);
  });

  it('spa (oidc-client-ts) signs in from another origin, calls the API with CORS, and signs out', async () => {
    const { line } = start('spa/serve.ts', { PORT: '13903' });
    await line(/listens/);
    const page = await chromium.newPage();
    await page.goto(SPA);
    await page.getByRole('button', { name: 'Sign in with IntelligenceBank' }).click();
    await page.locator('input[name=platform_url]').fill(stack.sandbox.platforms[0].origin);
    await page.locator('input[name=platform_url]').press('Enter');
    await page.locator('a[data-ib-login]').waitFor();
    stack.sandbox.platforms[0].signIn('ada');
    await page.locator('[name=decision][value=allow]').click();
    await page.getByText('Hello, Ada Lovelace.').waitFor();
    await page.getByRole('button', { name: 'List folders' }).click();
    await page.getByText('Campaigns').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('[name=logout]').click();
    await page.getByText('Nobody is signed in.').waitFor();
    await page.close();
  });
});
