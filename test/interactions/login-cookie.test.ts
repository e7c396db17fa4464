import { expect } from 'chai';
import type { Context } from 'koa';
import { loginSecretOf } from '../../interactions/login-cookie.ts';

const ISSUER = 'https://auth.example';
const UID = 'AbCdEfGhIjKlMnOpQrStUv';
const NAME = '__Host-ib_login_AbCdEfGhIjKlMnOp';
const SECRET = 's'.repeat(43);

/** A request without koa's `cookies`: they keep a pattern for every name they were ever asked for, and each sign-in has its own. */
const requestWith = (cookie: string): Context => ({ get: () => cookie }) as unknown as Context;

describe('the cookie of a sign-in', () => {
  for (const [what, header] of Object.entries({
    alone: `${NAME}=${SECRET}`,
    'among others': `a=b; ${NAME}=${SECRET}; ib_session=x`,
    'without blanks': `a=b;${NAME}=${SECRET};c`,
    'before another of its name': `${NAME}=${SECRET}; ${NAME}=${'t'.repeat(43)}`,
  })) {
    it(`is found ${what}`, () => {
      expect(loginSecretOf(requestWith(header), ISSUER, UID)).to.equal(SECRET);
    });
  }

  for (const [what, header] of Object.entries({
    nothing: '',
    'another sign-in’s': `__Host-ib_login_ZZZZZZZZZZZZZZZZ=${SECRET}`,
    'a longer name': `${NAME}x=${SECRET}`,
    'its name in another’s value': `a=${NAME}=${SECRET}`,
    'a short value': `${NAME}=${SECRET.slice(1)}`,
    'a value with more behind it': `${NAME}=${SECRET}=`,
    'a quoted value': `${NAME}="${SECRET}"`,
    'the name alone': NAME,
  })) {
    it(`is not found in ${what}`, () => {
      expect(loginSecretOf(requestWith(header), ISSUER, UID)).to.equal(undefined);
    });
  }
});
