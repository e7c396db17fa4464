import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, type Stack, signInAt, VERIFIER } from '../support/stack.ts';
import { post, RESOURCE, startStandards } from '../support/standards.ts';

const DOCUMENT = 'https://client.example/oauth/metadata.json';

describe('an app that names a client-ID metadata document at an allowed host', () => {
  let stack: Stack;
  const fetched: string[] = [];
  let document: unknown;
  before(async () => {
    ({ stack } = await startStandards({
      env: { CLIENT_ID_METADATA_HOSTS: 'client.example' },
      fetch: async (url) => {
        fetched.push(String(url));
        return new Response(typeof document === 'string' ? document : JSON.stringify(document), {
          headers: { 'content-type': 'application/json' },
        });
      },
    }));
  });
  beforeEach(() => {
    fetched.length = 0;
  });
  after(() => stack.close());

  const metadata = (client_id: string, more: object = {}) => ({
    client_id,
    client_name: 'Document Client',
    redirect_uris: ['https://client.example/cb'],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    ...more,
  });
  const open = (client_id: string, more: Record<string, string> = {}) =>
    new Browser().request(
      authorizeUrl(stack.issuer, {
        client_id,
        redirect_uri: 'https://client.example/cb',
        scope: 'openid',
        ...more,
      }),
    );

  it('sign in', async () => {
    document = metadata(DOCUMENT);
    const browser = new Browser();
    const url = authorizeUrl(stack.issuer, {
      client_id: DOCUMENT,
      redirect_uri: 'https://client.example/cb',
      scope: 'profile ib:api',
      nonce: '',
      resource: RESOURCE,
    });
    const consent = await signInAt(stack, browser, url);
    expect(consent.body).to.contain('Document Client').and.contain('client.example');
    const { url: back } = await browser.press(consent, 'consent', { decision: 'allow' });
    const tokens = await post(stack, '/token', {
      grant_type: 'authorization_code',
      client_id: DOCUMENT,
      code: back.searchParams.get('code') ?? '',
      redirect_uri: 'https://client.example/cb',
      code_verifier: VERIFIER,
      resource: RESOURCE,
    });
    expect(tokens.status, tokens.text).to.equal(200);
    expect(fetched).to.deep.equal([DOCUMENT]);
  });

  it('are fetched from allowed hosts only', async () => {
    for (const id of [
      'https://evil.example/oauth/metadata.json',
      'https://client.example.evil.example/metadata.json',
      'https://client.example@evil.example/metadata.json',
      'https://client.example:8443/metadata.json',
      'http://client.example/metadata.json',
      'https://127.0.0.1/metadata.json',
    ]) {
      document = metadata(id);
      expect((await open(id)).status, id).to.equal(400);
    }
    expect(fetched).to.deep.equal([]);
  });

  it('are refused when the document is not theirs, asks too much or is none', async () => {
    const bad: Record<string, (id: string) => unknown> = {
      other: () => metadata(DOCUMENT),
      secret: (id) => metadata(id, { token_endpoint_auth_method: 'client_secret_basic' }),
      http: (id) => metadata(id, { redirect_uris: ['http://evil.example/cb'] }),
      broken: () => '{',
      html: () => '<!doctype html>',
      large: (id) => metadata(id, { client_name: 'x'.repeat(20_000) }),
    };
    for (const [name, make] of Object.entries(bad)) {
      const id = `https://client.example/${name}`;
      document = make(id);
      const page = await open(id);
      expect([page.status, page.headers.get('location')], name).to.deep.equal([400, null]);
    }
  });

  it('never get the raw session', async () => {
    document = metadata(DOCUMENT);
    const page = await open(DOCUMENT, { scope: 'openid ib:session' });
    expect([page.status, page.body.includes('invalid_scope')]).to.deep.equal([400, true]);
  });

  it('are announced in the metadata', async () => {
    const response = await fetch(`${stack.issuer}/.well-known/oauth-authorization-server`);
    expect(await response.json()).to.include({ client_id_metadata_document_supported: true });
  });
});
