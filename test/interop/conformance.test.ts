import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { type Stack, signInAt, startStack } from '../support/stack.ts';

const PORT = 13_908;
const RESOURCE = 'https://mcp.acme.example/mcp';
const SUITE = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');

/** The MCP project's own scenarios for authorization servers, at the pinned version. */
describe('the MCP conformance suite, authorization', function () {
  this.timeout(60_000);
  let stack: Stack;
  let suite: ChildProcess | undefined;
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent' },
      clients: `
clients:
  - client_id: conformance
    token_endpoint_auth_method: none
    application_type: native
    grant_types: [authorization_code, refresh_token]
    redirect_uris: ['http://127.0.0.1/callback']
resources:
  - { identifier: '${RESOURCE}', scopes: [profile, 'ib:api'] }
`,
    });
  });
  after(async () => {
    suite?.kill();
    await stack.close();
  });

  for (const more of [[], ['--resource', RESOURCE]]) {
    it(`passes${more.map((word) => ` ${word}`).join('')}`, async () => {
      const options = ['--url', stack.issuer, '--client-id', 'conformance', '--port', String(PORT), ...more];
      suite = spawn(process.execPath, [SUITE, 'authorization', ...options], { stdio: 'pipe' });
      let output = '';
      let signedIn: Promise<void> | undefined;
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const [url] = /https?:\/\/\S+\/authorize\?\S+/.exec(output) ?? [];
        if (url !== undefined) signedIn ??= allow(stack, url);
      };
      suite.stdout?.on('data', read);
      suite.stderr?.on('data', read);
      const [code] = (await once(suite, 'exit')) as [number];
      await signedIn;
      expect(code, output).to.equal(0);
      expect(output).to.contain('Total: 2 passed, 0 failed');
    });
  }
});

/** The user's part: signs in, allows, and is sent back to the suite. */
async function allow(stack: Stack, url: string): Promise<void> {
  const browser = new Browser();
  const consent = await signInAt(stack, browser, url);
  const back = await browser.press(consent, 'consent', { decision: 'allow' });
  await fetch(back.url);
}
