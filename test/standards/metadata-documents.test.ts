import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { signInAt, startStack } from '../support/stack.ts';
import { post } from '../support/standards.ts';
import { REDIRECT, useDocumentApps } from './document-host.ts';

describe('apps whose client_id is the address of their metadata', () => {
  const apps = useDocumentApps();
  const { allow, laterMs, open, redeem, refused, urlFor } = apps;

  it('are announced', async () => {
    const answer = await fetch(`${apps.stack.issuer}/.well-known/oauth-authorization-server`);
    expect(await answer.json()).to.include({ client_id_metadata_document_supported: true });
  });

  it('sign in with one reading of it, and refresh', async () => {
    const id = apps.host.document('/plain');
    const tokens = await redeem(id, await allow(id));
    expect(tokens.status, tokens.text).to.equal(200);
    const refreshed = await post(apps.stack, '/token', {
      grant_type: 'refresh_token',
      client_id: id,
      refresh_token: String(tokens.body['refresh_token']),
    });
    expect(refreshed.status, refreshed.text).to.equal(200);
    expect(apps.host.asked).to.deep.equal(['/plain']);
  });

  describe('as they are in the wild', () => {
    for (const [name, document, redirect] of [
      [
        'Visual Studio Code, loopback with one port, beside its page',
        {
          client_name: 'Visual Studio Code',
          logo_uri: 'https://code.visualstudio.com/assets/branding/code-stable.png',
          grant_types: [
            'authorization_code',
            'refresh_token',
            'urn:ietf:params:oauth:grant-type:device_code',
          ],
          response_types: ['code'],
          token_endpoint_auth_method: 'none',
          application_type: 'native',
          client_uri: 'https://vscode.dev/product',
          redirect_uris: ['http://127.0.0.1:33418/'],
        },
        'http://127.0.0.1:52011/',
      ],
      [
        'the same without application_type',
        { redirect_uris: ['http://127.0.0.1:33418/'] },
        'http://127.0.0.1:52011/',
      ],
      [
        'Claude Code, loopback without a port',
        {
          client_name: 'Claude Code',
          client_uri: 'https://claude.ai',
          redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
        },
        'http://localhost:3118/callback',
      ],
      [
        'Claude, with a grant type that nobody here knows',
        {
          client_name: 'Claude',
          grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        },
        REDIRECT,
      ],
      ['no authentication method', { token_endpoint_auth_method: undefined }, REDIRECT],
      [
        'members of which there is nothing to say, as programs write them',
        { token_endpoint_auth_method: null, client_uri: '', contacts: null, jwks: { keys: [] }, scope: '' },
        REDIRECT,
      ],
      [
        'a method that it shares with nobody, and one that will do',
        {
          token_endpoint_auth_method: 'client_secret_post',
          token_endpoint_auth_methods_supported: ['client_secret_post', 'none'],
        },
        REDIRECT,
      ],
      ['everything of ours', { scope: 'openid profile email offline_access ib:api ib:session' }, REDIRECT],
    ] as const) {
      it(`sign in: ${name}`, async () => {
        const id = apps.host.document(`/wild/${encodeURIComponent(name)}`, document);
        const back = await allow(id, { redirect_uri: redirect });
        expect(back.origin + back.pathname).to.equal(redirect);
        const tokens = await redeem(id, back, redirect);
        expect(tokens.status, tokens.text).to.equal(200);
      });
    }
  });

  describe('and change', () => {
    it('are read anew when they are no longer fresh, by what their host says', async () => {
      const id = apps.host.document('/fresh', {}, { 'cache-control': 'max-age=60' });
      await open(id);
      laterMs(59_000);
      await open(id);
      expect(apps.host.asked.length).to.equal(1);
      laterMs(2_000);
      apps.host.document('/fresh', { redirect_uris: ['http://127.0.0.1/other'] });
      expect((await open(id)).status).to.equal(400);
      expect(apps.host.asked.length).to.equal(2);
    });

    it('get no code at an address that they list no more', async () => {
      const id = apps.host.document('/moved', {}, { 'cache-control': 'no-store' });
      const browser = new Browser();
      const consent = await signInAt(apps.stack, browser, urlFor(id));
      apps.host.document('/moved', { redirect_uris: ['http://127.0.0.1/elsewhere'] });
      const page = await browser.press(consent, 'consent', { decision: 'allow' });
      expect([page.status, page.headers.get('location')]).to.deep.equal([400, null]);
      expect(page.body).to.contain(new URL(id).host).and.contain('has changed');
    });

    it('keep what they have while their host does not answer', async () => {
      const id = apps.host.document('/away', {}, { 'cache-control': 'no-store' });
      const tokens = await redeem(id, await allow(id));
      apps.host.at('/away', (_request, response) => void response.writeHead(503).end());
      const refreshed = await post(apps.stack, '/token', {
        grant_type: 'refresh_token',
        client_id: id,
        refresh_token: String(tokens.body['refresh_token']),
      });
      expect(refreshed.status, refreshed.text).to.equal(200);
      await refused(id, 'status 503');
    });
  });

  it('are like apps that have been removed where their host is not allowed any more', async () => {
    const id = apps.host.document('/removed');
    const browser = new Browser();
    const consent = await signInAt(apps.stack, browser, urlFor(id, { scope: 'openid ib:api' }));
    const back = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
    const { body } = await redeem(id, back);
    // After a week without a word of it, its copy is gone, and its host with it.
    apps.host.at('/removed', (_request, response) => void response.writeHead(410).end());
    await apps.stack.server.store.adapter('Client').destroy(id);
    const bearer = { authorization: `Bearer ${String(body['access_token'])}` };
    for (const path of ['/userinfo', '/proxy/api/3.0.0/6M0B/folder']) {
      const answer = await fetch(apps.stack.issuer + path, { headers: bearer });
      expect([path, answer.status]).to.deep.equal([path, 401]);
    }
    const account = await browser.open(`${apps.stack.issuer}/account`);
    expect([account.status, account.body.includes(id)]).to.deep.equal([200, true]);
    const signedOut = await browser.open(`${apps.stack.issuer}/logout`);
    expect(signedOut.status).to.equal(200);
  });

  it('are read where an app begins or redeems something, and for nobody else', async () => {
    const id = apps.host.document('/unheard-of', { logo_uri: `${apps.host.origin}/logo.png` });
    const encoded = encodeURIComponent(id);
    for (const [path, form] of [
      [`/logout?client_id=${encoded}&post_logout_redirect_uri=x`],
      [`/logout/success?client_id=${encoded}`],
      [`/assets/logos/0123456789abcdef/${Buffer.from(id).toString('base64url')}`],
      ['/introspect', `client_id=${encoded}&token=x`],
      ['/revoke', `client_id=${encoded}&token=x`],
    ]) {
      const answer = await fetch(apps.stack.issuer + path, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        ...(form === undefined ? {} : { method: 'POST', body: form }),
      });
      expect(answer.status, path).to.be.within(400, 404);
    }
    expect(apps.host.asked).to.deep.equal([]);
  });

  it('are of no use where no host is named', async () => {
    const plain = await startStack({ env: { LOG_LEVEL: 'silent' }, sandbox: apps.stack.sandbox });
    try {
      const id = apps.host.document('/off');
      const url = new URL(urlFor(id));
      const page = await new Browser().request(new URL(url.pathname + url.search, plain.issuer));
      expect(page.status).to.equal(400);
      expect(apps.host.asked).to.deep.equal([]);
      const metadata = await fetch(`${plain.issuer}/.well-known/oauth-authorization-server`);
      expect(await metadata.json()).to.not.include.keys('client_id_metadata_document_supported');
    } finally {
      await plain.close();
    }
  });
});
