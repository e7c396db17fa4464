import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, exchange, type Stack, signIn, withBearer } from '../support/stack.ts';
import { basic, getJson, post, startStandards } from '../support/standards.ts';

describe('who reads the metadata (RFC 8414)', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards());
  });
  after(() => stack.close());

  it('finds the same document at both addresses', async () => {
    const openid = await getJson(`${stack.issuer}/.well-known/openid-configuration`);
    expect(await getJson(`${stack.issuer}/.well-known/oauth-authorization-server`)).to.deep.equal(openid);
    expect(openid).to.deep.include({
      issuer: stack.issuer,
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      authorization_response_iss_parameter_supported: true,
    });
    expect(openid['scopes_supported']).to.include.members(['openid', 'offline_access', 'ib:api']);
    expect(openid['acr_values_supported']).to.equal(undefined);
  });

  it('finds every endpoint that is listed, and none that is not', async () => {
    const metadata = await getJson(`${stack.issuer}/.well-known/openid-configuration`);
    const listed = Object.entries(metadata).filter(([name]) => /_endpoint$|^jwks_uri$/.test(name));
    expect(listed.map(([, url]) => new URL(String(url)).pathname).sort()).to.deep.equal([
      '/authorize',
      '/device_authorization',
      '/introspect',
      '/jwks',
      '/logout',
      '/par',
      '/revoke',
      '/token',
      '/userinfo',
    ]);
    for (const [name, url] of listed) {
      const get = await fetch(String(url), { redirect: 'manual' });
      const posted = await fetch(String(url), { method: 'POST', redirect: 'manual' });
      expect(
        [get.status, posted.status].some((status) => status !== 404),
        name,
      ).to.equal(true);
    }
    for (const path of [
      '/register',
      '/backchannel',
      '/challenge',
      '/request',
      '/reg',
      '/me',
      '/auth',
      '/session/end',
    ]) {
      expect((await fetch(stack.issuer + path, { redirect: 'manual' })).status, path).to.equal(404);
    }
  });

  it('finds for each endpoint how an app proves itself there, and the languages of the pages', async () => {
    const metadata = await getJson(`${stack.issuer}/.well-known/oauth-authorization-server`);
    for (const endpoint of ['introspection', 'revocation']) {
      for (const what of ['methods', 'signing_alg_values']) {
        const said = metadata[`${endpoint}_endpoint_auth_${what}_supported`];
        expect(said, `${endpoint} ${what}`).to.deep.equal(metadata[`token_endpoint_auth_${what}_supported`]);
      }
    }
    for (const language of metadata['ui_locales_supported'] as string[]) {
      const page = await new Browser().open(authorizeUrl(stack.issuer, { ui_locales: language }));
      expect(page.body, language).to.contain(`<html lang="${language}"`);
    }
  });

  it('finds grants, methods and claims that work', async () => {
    const metadata = await getJson(`${stack.issuer}/.well-known/openid-configuration`);
    for (const grant_type of metadata['grant_types_supported'] as string[]) {
      const { body } = await post(stack, '/token', { grant_type }, basic('other'));
      expect(body['error'], grant_type).to.not.equal('unsupported_grant_type');
    }
    expect(metadata['token_endpoint_auth_methods_supported']).to.have.members([
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ]);
    const { body } = await exchange(
      stack,
      await signIn(stack, new Browser(), { scope: 'openid profile email ib:session' }),
    );
    const claims = (await (
      await withBearer(`${stack.issuer}/userinfo`, body['access_token'])
    ).json()) as object;
    const ofIdToken = ['sid', 'auth_time', 'iss'];
    const listed = (metadata['claims_supported'] as string[]).filter((name) => !ofIdToken.includes(name));
    expect(Object.keys(claims)).to.have.members(listed);
  });
});
