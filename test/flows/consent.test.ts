import { expect } from 'chai';
import { nameOfApp, shownName } from '../../src/pages/app-name.ts';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import { authorizeUrl, CLIENTS, REDIRECT_URI, type Stack, signInAt, startStack } from '../support/stack.ts';
import { post } from '../support/standards.ts';

const WIKI = 'https://wiki.acme.example/mcp';
const PLAIN = 'https://plain.acme.example/';
const SELF = 'https://self.example.co.uk/cb';

const clients = `${CLIENTS.replace(' ib:session\n', ' ib:session wiki:read wiki:write\n')}
resources:
  - identifier: ${WIKI}
    name: ACME Wiki
    scopes: [profile, ib:api, 'wiki:read', 'wiki:write']
  - identifier: ${PLAIN}
    scopes: [profile, ib:api]
`;

/** The text of a page's part, without markup. */
const textOf = (markup: string): string =>
  markup
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

describe('the consent page', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open', BRAND_NAME: 'ACME <Sign-in>' },
      clients,
    });
  });
  after(() => stack.close());
  afterEach(() => stack.sandbox.reset());

  const resourcesOn = (page: Page): string[] =>
    [...page.body.matchAll(/<section class="resource">([\s\S]*?)<\/section>/g)].map(([, part = '']) =>
      textOf(part),
    );
  const newOn = (page: Page): string[] =>
    [...page.body.matchAll(/<li>((?:(?!<li>)[\s\S])*?) <mark>New<\/mark>/g)].map(([, part = '']) =>
      textOf(part),
    );
  const allow = (browser: Browser, page: Page) => browser.press(page, 'consent', { decision: 'allow' });

  it('names each resource by its name and address, with what the app may do there', async () => {
    const url = new URL(authorizeUrl(stack.issuer, { scope: 'openid profile wiki:read ib:api' }));
    for (const resource of [WIKI, PLAIN, stack.issuer]) url.searchParams.append('resource', resource);
    const page = await signInAt(stack, new Browser(), url.href);
    const [wiki, plain, own, ...more] = resourcesOn(page);
    expect(more).to.deep.equal([]);
    expect(wiki).to.contain('At ACME Wiki :').and.contain(WIKI).and.contain('wiki:read');
    expect(wiki).to.contain('See your name').and.contain('Use IntelligenceBank in your name');
    expect(wiki).to.not.contain('wiki:write');
    expect(plain).to.contain(`At ${PLAIN} :`).and.contain('See your name').and.not.contain('wiki');
    expect(own).to.contain('IntelligenceBank API').and.contain(stack.issuer);
    const apart = textOf(page.body.replace(/<section[\s\S]*<\/section>/, ''));
    expect(apart, 'a scope of a resource is good for nothing elsewhere').to.not.contain('wiki:read');
  });

  it('names a resource in whatever spelling the app asks for it', async () => {
    const resource = 'https://WIKI.acme.example:443/mcp/';
    const page = await signInAt(
      stack,
      new Browser(),
      authorizeUrl(stack.issuer, { scope: 'openid wiki:read', resource }),
    );
    expect(resourcesOn(page)).to.have.length(1);
    expect(resourcesOn(page)[0]).to.contain('ACME Wiki').and.contain(WIKI);
  });

  it('marks what is new since the last consent, and nothing the first time', async () => {
    const browser = new Browser();
    const first = await signInAt(
      stack,
      browser,
      authorizeUrl(stack.issuer, { scope: 'openid profile wiki:read', resource: WIKI }),
    );
    expect(newOn(first)).to.deep.equal([]);
    await allow(browser, first);
    const more = await browser.open(
      authorizeUrl(stack.issuer, { scope: 'openid profile email wiki:read wiki:write', resource: WIKI }),
    );
    expect(newOn(more)).to.deep.equal([
      'See your e-mail address, if IntelligenceBank gives it',
      'wiki:write',
    ]);
    await allow(browser, more);
    const elsewhere = await browser.open(
      authorizeUrl(stack.issuer, { scope: 'openid profile', resource: PLAIN, prompt: 'consent' }),
    );
    expect(newOn(elsewhere), 'allowed for the app, not for this resource').to.deep.equal([
      'See your name and your organisation',
    ]);
    const raw = await browser.open(authorizeUrl(stack.issuer, { scope: 'openid ib:session' }));
    expect(raw.body).to.match(/class="warning">Get your IntelligenceBank session itself[^<]* <mark>New</);
  });

  it('says of an app that registered itself that nobody here has checked it, its host large', async () => {
    const metadata = {
      client_name: 'M'.repeat(100),
      redirect_uris: [SELF],
      token_endpoint_auth_method: 'none',
    };
    const { body } = await post(stack, '/register', JSON.stringify(metadata), {
      'content-type': 'application/json',
    });
    const url = authorizeUrl(stack.issuer, {
      client_id: String(body['client_id']),
      redirect_uri: SELF,
      scope: 'openid',
    });
    const browser = new Browser();
    const page = await signInAt(stack, browser, url);
    expect(page.body).to.contain('<p class="app-host">self.example.co.uk</p>');
    expect(textOf(page.body)).to.contain('Nobody at ACME &lt;Sign-in&gt; has checked this app.');
    expect(page.body).to.contain('M'.repeat(60)).and.not.contain('M'.repeat(61));
    for (const path of ['/account', '/logout']) {
      await allow(browser, page);
      expect((await browser.open(stack.issuer + path)).body, path).to.not.contain('M'.repeat(61));
    }
    const known = await signInAt(stack, new Browser(), authorizeUrl(stack.issuer));
    expect(known.body).to.not.contain('has checked this app').and.not.contain('app-host');
  });

  it('says so of a device too, whose app has no host, before it is connected', async () => {
    const metadata = {
      client_name: 'Stranger',
      application_type: 'native',
      redirect_uris: [],
      response_types: [],
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
      token_endpoint_auth_method: 'none',
    };
    const { body: app } = await post(stack, '/register', JSON.stringify(metadata), {
      'content-type': 'application/json',
    });
    const client_id = String(app['client_id']);
    const { body } = await post(stack, '/device_authorization', { client_id, scope: 'openid' });
    const browser = new Browser();
    const asked = await browser.open(`${stack.issuer}/device`);
    const [form] = formsOf(asked);
    if (form === undefined) throw new Error(asked.body);
    const page = await browser.submit(asked, form, { user_code: String(body['user_code']) });
    expect(textOf(page.body)).to.contain('Stranger').and.contain('has checked this app');
  });

  it('shows a name on one line, without what is not seen or moves what is', () => {
    const cases: Record<string, string> = {
      'plain name': 'plain name',
      '\u202egnp.exe': 'gnp.exe',
      '\u2066a\u2069\u2067b\u2068c\u200e\u200f\u061c': 'abc',
      'a\u200bb\u200cc\u200dd\ufeffe\u2060f\u00adg': 'abcdefg',
      'tag\u{e0061}\u{e0062}\u{e007f}s': 'tags',
      'var\ufe0f\u{e0100}iation': 'variation',
      'fill\u3164\u115f\uffa0\u034fer': 'filler',
      'one\u2028two\u2029three\u0085four\nfive\r\nsix\vseven\feight':
        'one two three four five six seven eight',
      'wide\u3000\u00a0\u2800\u2003 blank': 'wide blank',
      'nul\u0000\u001b[31m\u009b\u007f': 'nul[31m',
      'private\ue000\uffff': 'private',
      '\ud800lone': 'lone',
      ' \u200b ': '',
      שלום: 'שלום',
      [`Z${'\u0310'.repeat(50)}`]: `Z${'\u0310'.repeat(4)}`,
      ['x'.repeat(60)]: 'x'.repeat(60),
      ['x'.repeat(61)]: `${'x'.repeat(60)}…`,
      ['👩'.repeat(61)]: `${'👩'.repeat(60)}…`,
    };
    for (const [name, shown] of Object.entries(cases)) expect(shownName(name)).to.equal(shown);
  });

  it('calls an app whose name is nothing to see by its id', () => {
    const app = (client_name: string) =>
      nameOfApp({ clientId: 'the-id', metadata: () => ({ client_id: 'the-id', client_name }) });
    expect(app('\u200b\u202e')).to.equal('the-id');
    expect(app('Seen')).to.equal('Seen');
  });

  it('sends the app back what was decided', async () => {
    const browser = new Browser();
    const page = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    const left = await browser.press(page, 'consent', { decision: 'deny' });
    expect(left.url.href.startsWith(REDIRECT_URI)).to.equal(true);
    expect(left.url.searchParams.get('error')).to.equal('access_denied');
  });
});
