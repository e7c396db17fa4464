import { expect } from 'chai';
import { attributeOf, Browser } from '../support/browser.ts';
import { authorizeUrl, CLIENTS, type Stack, signInAt, startStack } from '../support/stack.ts';
import { post, submitOnly } from '../support/standards.ts';

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20)]);
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

describe('the picture of an app', () => {
  let stack: Stack;
  const asked: string[] = [];
  let answer: () => Response = () => new Response(PNG);
  before(async () => {
    stack = await startStack({
      clients: CLIENTS.replace(
        'client_name: Web App',
        'client_name: Web App\n    logo_uri: https://cdn.app.example/logo.png',
      ),
      env: { REGISTRATION: 'open', REGISTRATIONS_PER_HOUR: '1000' },
      fetch: async (url) => {
        asked.push(String(url));
        return answer();
      },
    });
  });
  after(() => stack.close());

  const consentOf = (params: Record<string, string>) =>
    signInAt(stack, new Browser(), authorizeUrl(stack.issuer, params));

  it('of a configured app is on its consent page, fetched once and served from here', async () => {
    const page = await consentOf({});
    const path = attributeOf(page, 'height="48"', 'src') ?? '';
    expect(path).to.match(/^\/assets\/logos\//);
    for (const _ of [1, 2, 3]) {
      const picture = await fetch(stack.issuer + path);
      expect(picture.headers.get('content-type')).to.equal('image/png');
      expect(picture.headers.get('content-security-policy')).to.contain('sandbox');
      expect(Buffer.from(await picture.arrayBuffer())).to.deep.equal(PNG);
    }
    expect(asked).to.deep.equal(['https://cdn.app.example/logo.png']);
    expect(page.body, 'nobody else is called').to.not.contain('cdn.app.example');
  });

  it('is fetched for addresses that pages gave, and for no other', async () => {
    const id = Buffer.from('web').toString('base64url');
    const stranger = Buffer.from('https://10.0.0.1/x').toString('base64url');
    asked.length = 0;
    for (const path of [`0000000000000000/${id}`, `x/${stranger}`, id, '', '//', `../${id}`]) {
      expect((await fetch(`${stack.issuer}/assets/logos/${path}`)).status, path).to.equal(404);
    }
    expect(asked).to.deep.equal([]);
  });

  let turn = 0;
  const register = async () => {
    turn += 1;
    const logo_uri = `https://self.example/logo-${turn}`;
    const metadata = {
      redirect_uris: ['https://self.example/cb'],
      token_endpoint_auth_method: 'none',
      logo_uri,
    };
    const { body } = await post(stack, '/register', JSON.stringify(metadata), {
      'content-type': 'application/json',
    });
    const page = await consentOf({
      client_id: String(body['client_id']),
      redirect_uri: 'https://self.example/cb',
      scope: 'openid',
    });
    expect(page.body).to.contain('has checked this app').and.contain('self.example</p>');
    return fetch(stack.issuer + (attributeOf(page, 'height="48"', 'src') ?? ''));
  };

  it('of an app that registered itself is shown where the answer goes to its host, and nowhere else', async () => {
    const metadata = {
      client_name: 'Portal',
      redirect_uris: ['https://portal.acme.example/cb', 'https://evil.example/cb'],
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
      token_endpoint_auth_method: 'none',
      logo_uri: 'https://portal.acme.example/logo.png',
    };
    const headers = { 'content-type': 'application/json' };
    const { body } = await post(stack, '/register', JSON.stringify(metadata), headers);
    const client_id = String(body['client_id']);
    for (const redirect_uri of metadata.redirect_uris) {
      const page = await consentOf({ client_id, redirect_uri, scope: 'openid' });
      const isShown = attributeOf(page, 'height="48"', 'src') !== undefined;
      expect(isShown, redirect_uri).to.equal(redirect_uri.includes('acme'));
    }
    const device = await post(stack, '/device_authorization', { client_id, scope: 'openid' });
    const browser = new Browser();
    const asked = await browser.open(String(device.body['verification_uri_complete']));
    const confirmed = await submitOnly(browser, asked);
    expect(confirmed.body).to.contain('Portal').and.not.contain('/assets/logos/');
  });

  for (const [name, make, type] of [
    [
      'a PNG that is called something else',
      () => new Response(PNG, { headers: { 'content-type': 'text/html' } }),
      'image/png',
    ],
    ['an SVG', () => new Response(SVG, { headers: { 'content-type': 'image/svg+xml' } }), 'image/svg+xml'],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'image/png' } }), undefined],
    [
      'an SVG that is called text',
      () => new Response(SVG, { headers: { 'content-type': 'text/plain' } }),
      undefined,
    ],
    ['too much', () => new Response(Buffer.concat([PNG, Buffer.alloc(70_000)])), undefined],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: 'http://10.0.0.1/' } }),
      undefined,
    ],
    ['nothing', () => new Response(null, { status: 404 }), undefined],
  ] as const) {
    it(`may be ${name}: ${type ?? 'not shown, and the log says so'}`, async () => {
      answer = make;
      stack.logs.length = 0;
      const picture = await register();
      if (type === undefined) {
        expect(picture.status).to.equal(404);
        expect(await stack.logged('logo_refused')).to.have.property('reason');
      } else {
        expect(picture.headers.get('content-type')).to.contain(type);
      }
    });
  }
});
