import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Browser, RecordingBrowser } from '../support/browser.ts';
import { authorizeUrl, exchange, type Stack, signIn, signInAt, startStack, token } from '../support/stack.ts';
import { submitOnly } from '../support/standards.ts';

type Line = Record<string, unknown>;

describe('the log', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.close());

  const linesSince = (from: number): Line[] => stack.logs.slice(from).map((line) => JSON.parse(line) as Line);

  it('is one JSON object a line, each with its event and the reference of its request', async () => {
    const from = stack.logs.length;
    await exchange(stack, await signIn(stack));
    for (const line of linesSince(from).filter((candidate) => candidate['audit'] === undefined)) {
      expect(line, JSON.stringify(line)).to.include.keys('event', 'reference', 'level', 'time');
    }
  });

  it('gives a whole sign-in one id, in each line, in X-Request-Id and on its pages', async () => {
    const from = stack.logs.length;
    const browser = new RecordingBrowser();
    const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    const shown = /Reference ([\w.]+)/.exec(consent.body)?.[1] ?? '';
    await browser.press(consent, 'consent', { decision: 'allow' });
    const references = browser.answers.map(({ headers }) => headers.get('x-request-id') ?? '');
    expect(references).to.include(shown);
    const [signInId = ''] = shown.split('.');
    expect(signInId).to.match(/^[0-9a-f]{12}$/);
    expect(references.filter((reference) => reference.startsWith(`${signInId}.`)).length).to.be.above(4);
    expect(new Set(references).size, 'each request has its own').to.equal(references.length);
    const lines = linesSince(from).filter(({ signIn: id }) => id === signInId);
    const events = new Set(lines.map(({ event }) => event));
    for (const event of ['request', 'store_call', 'ib_call', 'sign_in_started', 'sign_in_finished']) {
      expect(events, event).to.include(event);
    }
    const [, uid = ''] = /interaction\/([\w-]+)/.exec(consent.url.pathname) ?? [];
    expect(stack.logs.slice(from).join(''), 'the interaction’s own id is in a cookie').to.not.contain(uid);
  });

  it('has a reference on error pages that support finds', async () => {
    const page = await new Browser().open(authorizeUrl(stack.issuer, { client_id: 'nobody' }));
    const reference = /Reference ([\w.]+)/.exec(page.body)?.[1];
    expect(page.headers.get('x-request-id')).to.equal(reference);
    expect(linesSince(0).filter((line) => line['reference'] === reference).length).to.be.above(1);
  });
});

describe('the audit stream', () => {
  it('says who signed in to what through which app, what they allowed and what ended, in its own file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-audit-'));
    const file = join(folder, 'audit.log');
    const stack = await startStack({ env: { LOG_LEVEL: 'silent', AUDIT_FILE: file } });
    try {
      const browser = new Browser();
      const { body } = await exchange(stack, await signIn(stack, browser));
      await token(stack, { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) });
      await fetch(`${stack.issuer}/revoke`, {
        method: 'POST',
        body: new URLSearchParams({
          token: String(body['access_token']),
          client_id: 'web',
          client_secret: 'wrong',
        }),
      });
      await submitOnly(browser, await browser.open(`${stack.issuer}/account`));
      const other = new Browser();
      await other.press(await other.open(authorizeUrl(stack.issuer)), 'cancel');
      await submitOnly(browser, await browser.open(`${stack.issuer}/logout`), { logout: 'yes' });
      const text = readFileSync(file, 'utf8');
      const lines = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      const { host } = new URL(stack.sandbox.platforms[0].origin);
      const of = (audit: string) => lines.find((line) => line['audit'] === audit) ?? {};
      expect(of('signed_in')).to.include({ clientId: 'web', platformHost: host });
      expect(of('signed_in')['accountId']).to.match(/^6M0B\./);
      expect(of('consent_decided')).to.include({ clientId: 'web', decision: 'allow' });
      expect(of('access_taken_back')).to.include({ clientId: 'web' });
      expect(of('sign_in_cancelled')).to.include({ clientId: 'web' });
      expect(of('signed_out')).to.have.property('reference');
      for (const line of lines) expect(line).to.include.keys('audit', 'time', 'reference');
      for (const secret of [body['access_token'], body['refresh_token'], body['id_token']]) {
        expect(text).to.not.contain(String(secret));
      }
    } finally {
      await stack.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
