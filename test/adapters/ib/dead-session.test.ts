import { expect } from 'chai';
import fc from 'fast-check';
import { isDeadSession } from '../../../adapters/ib/messages.ts';

describe('the end of a session', () => {
  const dead: readonly unknown[] = [
    { error: { key: 'error.authentication.required', message: 'No valid session.' } },
    { error: 'error.authentication.required' },
    { error: 'error.authentication.required', message: 'anything' },
    { error: 'No valid session. Authentication is required' },
    { error: { code: 401, message: 'No valid session. Authentication is required' } },
    { error: [{ key: 'error.authentication.required' }] },
    { error: true, message: 'No valid session. Authentication is required' },
    { error: 'Invalid request' },
    { error: 'Invalid response' },
    { error: 'invalid request.' },
    { error: { message: 'Invalid response' } },
    'No valid session. Authentication is required',
    '<error>error.authentication.required</error>',
  ];
  for (const body of dead) {
    it(`is told by a 401 that says ${JSON.stringify(body)}`, () => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      expect(isDeadSession({ status: 401, text })).to.equal(true);
      for (const status of [200, 400, 403, 404, 429, 500])
        expect(isDeadSession({ status, text }), String(status)).to.equal(false);
    });
  }

  const other: readonly unknown[] = [
    '',
    'Unauthorized',
    '<html><body>Invalid request</body></html>',
    'null',
    '[]',
    {},
    { error: 'error.no_permission' },
    { error: 'invalid_token', error_description: 'Session has expired' },
    { error: 'Invalid request signature' },
    { error: { key: 'error.product_key', message: 'The request is invalid' } },
    { message: 'Invalid request' },
    { error: 'error.download', message: 'Invalid request' },
    { response: { rows: [{ name: 'No valid session' }] } },
  ];
  for (const body of other) {
    it(`is not told by a 401 that says ${JSON.stringify(body)}`, () => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      expect(isDeadSession({ status: 401, text })).to.equal(false);
    });
  }

  it('is read from whatever comes, without a fault', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => !isDeadSession({ status: 401, text })));
    expect(
      isDeadSession({ status: 401, text: `{"error":${'['.repeat(5_000)}${']'.repeat(5_000)}}` }),
    ).to.equal(false);
  });
});
