import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER } from '../support/stack.ts';
import { basic, errorOf, post } from '../support/standards.ts';
import { EXCHANGE, JWT_RESOURCE, NAMED, RESOURCE, SID, useBridgeApps } from './bridge-apps.ts';

describe('the raw IB session, where it is not meant,', function () {
  this.timeout(30_000);
  const apps = useBridgeApps();
  const { allow, bridgeUrl, everythingIn, expectNone, pushed, redeem, refresh, signInBy } = apps;

  it('does not come with a narrower refresh, comes back with a whole one, and not with a wider one', async () => {
    const first = await redeem((await signInBy(bridgeUrl())).code);
    const narrow = await refresh(first.body['refresh_token'], { scope: 'openid profile' });
    await expectNone(narrow);
    const whole = await refresh(narrow.body['refresh_token']);
    expect(whole.body['sid'], whole.text).to.match(SID);

    const without = await redeem((await signInBy(await pushed({ scope: 'openid profile' }))).code);
    const wider = await refresh(without.body['refresh_token'], { scope: 'openid profile ib:session' });
    expect(errorOf(wider)).to.deep.equal([400, 'invalid_scope']);
    expect(wider.text).to.not.match(SID);
  });

  it('does not come with an older token once the user has allowed it to a newer one', async () => {
    const before = await signInBy(await pushed({ scope: 'openid profile ib:api' }));
    const older = await redeem(before.code);
    await expectNone(older);
    const again = await before.browser.open(bridgeUrl());
    expect(again.body).to.contain(NAMED);
    const newer = await redeem(await allow(before.browser, again));
    expect(newer.body['sid']).to.match(SID);
    await expectNone(await refresh(older.body['refresh_token']));
  });

  it('does not come with a token for a resource, opaque, exchanged or JWT', async () => {
    const opaque = await redeem((await signInBy(bridgeUrl({ resource: RESOURCE }))).code, {
      resource: RESOURCE,
    });
    await expectNone(opaque);
    const exchanged = await post(
      apps.stack,
      '/token',
      {
        grant_type: EXCHANGE,
        subject_token: String(opaque.body['access_token']),
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      },
      basic('secret'),
    );
    await expectNone(exchanged);
    const jwt = await redeem((await signInBy(bridgeUrl({ resource: JWT_RESOURCE }))).code, {
      resource: JWT_RESOURCE,
    });
    expect(String(jwt.body['access_token']).split('.')).to.have.length(3);
    await expectNone(jwt);
  });

  it('is not what introspection, an ID token or single claims tell', async () => {
    const answer = await redeem((await signInBy(bridgeUrl({ scope: 'openid profile' }))).code);
    expect(answer.body, 'found by our own metadata').to.have.property('id_token');
    const [, payload = ''] = String(answer.body['id_token']).split('.');
    expect(Buffer.from(payload, 'base64url').toString()).to.not.match(SID);

    const web = await post(
      apps.stack,
      '/token',
      {
        grant_type: 'authorization_code',
        redirect_uri: REDIRECT_URI,
        code_verifier: VERIFIER,
        code: (await signInBy(authorizeUrl(apps.stack.issuer, { scope: 'openid ib:session' }))).code,
      },
      basic('web'),
    );
    expect(web.text, 'an app of today reads it at /userinfo').to.not.match(SID);
    expect(await everythingIn(web)).to.match(SID);
    const introspected = await post(
      apps.stack,
      '/introspect',
      { token: String(web.body['access_token']) },
      basic('web'),
    );
    expect(introspected.body).to.include({ active: true });
    expect(introspected.text).to.not.match(SID);

    for (const member of ['userinfo', 'id_token']) {
      const claims = JSON.stringify({ [member]: { ib_session_id: { essential: true } } });
      const asked = await new Browser().request(bridgeUrl({ claims, scope: 'openid profile' }));
      expect(asked.headers.get('location'), member).to.contain('error=invalid_request');
    }
  });

  it('does not come without a user, nor by another spelling of an address', async () => {
    const alone = await post(apps.stack, '/token', { grant_type: 'client_credentials' }, basic('secret'));
    expect(alone.status, alone.text).to.equal(200);
    expect(alone.body).to.not.have.property('sid');
    const { code } = await signInBy(bridgeUrl());
    for (const path of ['/token/', '/Token', '//token', '/%74oken', '/token;x', '/dev/token']) {
      const answer = await post(apps.stack, path, {
        grant_type: 'authorization_code',
        client_id: 'bridge',
        code,
      });
      expect([path, answer.status]).to.deep.equal([path, 404]);
      expect(answer.text).to.not.match(SID);
    }
  });
});
