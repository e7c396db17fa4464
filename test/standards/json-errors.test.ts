import { expect } from 'chai';
import { type Stack, startStack } from '../support/stack.ts';
import { basic, post } from '../support/standards.ts';

/** What Java's HttpURLConnection sends where a program says nothing else. */
const ACCEPT = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';

describe('errors for a program that accepts pages too, as those in Java do', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent', REGISTRATION: 'open' } });
  });
  after(() => stack.close());

  it('are JSON, from every endpoint that has no pages', async () => {
    const gone = { grant_type: 'refresh_token', refresh_token: 'ibrt_gone' };
    const wrong = basic('web', 'not-the-secret');
    for (const [path, body, proof, expected] of [
      ['/token', gone, basic('web'), [400, 'invalid_grant']],
      ['/token', gone, wrong, [401, 'invalid_client']],
      ['/token', { ...gone, client_id: 'nobody' }, {}, [401, 'invalid_client']],
      ['/introspect', { token: 'x' }, wrong, [401, 'invalid_client']],
      ['/introspect', {}, basic('web'), [400, 'invalid_request']],
      ['/revoke', { token: 'x' }, wrong, [401, 'invalid_client']],
      ['/par', { response_type: 'code' }, wrong, [401, 'invalid_client']],
      ['/device_authorization', {}, wrong, [401, 'invalid_client']],
      ['/register', '{}', { 'content-type': 'application/json' }, [400, 'invalid_redirect_uri']],
      ['/userinfo', {}, { authorization: 'Bearer ibat_gone' }, [401, 'invalid_token']],
      ['/userinfo', {}, {}, [401, 'invalid_token']],
    ] as const) {
      const answer = await post(stack, path, body, { ...proof, accept: ACCEPT });
      expect(answer.headers.get('content-type'), path).to.equal('application/json; charset=utf-8');
      expect([path, answer.status, answer.body['error']]).to.deep.equal([path, ...expected]);
      expect(answer.body['error_description'], path).to.be.a('string');
    }
    const unknown = await post(
      stack,
      '/introspect',
      { token: 'e30.e30.AA' },
      { ...basic('web'), accept: ACCEPT },
    );
    expect([unknown.status, unknown.body]).to.deep.equal([200, { active: false }]);
  });
});
