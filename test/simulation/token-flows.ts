/** Flows with what an app has been given, to its end. */
import { createHash } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { formsOf } from '../support/browser.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER } from '../support/stack.ts';
import { dpopProof } from '../support/standards.ts';
import { type Flow, isEnded, isGood } from './flow.ts';
import { BASIC, type Json, Violation } from './people.ts';
import { isDead, keep, must, RESOURCE, type Run, says, signedIn, signOut, tokensFor } from './steps.ts';
import { ISSUER } from './world.ts';

const PROOF_KEY = await generateKeyPair('ES256', { extractable: true });
/** As long as a proof is taken, but for a moment. */
const PROOF_LIFE_MS = 55_000;

/** Sends a request with its proof, both the same however often it has to be repeated. */
async function withProof(
  run: Run,
  path: '/token' | '/userinfo',
  { params, bearer }: { params?: Record<string, string>; bearer?: string },
): Promise<Json> {
  const ath = bearer === undefined ? {} : { ath: createHash('sha256').update(bearer).digest('base64url') };
  const method = params === undefined ? 'GET' : 'POST';
  const dpop = await dpopProof({ issuer: ISSUER }, PROOF_KEY, { htm: method, path, ...ath });
  return run.apps.json(path, {
    method,
    headers: {
      dpop,
      ...(bearer === undefined ? BASIC('web') : { authorization: `DPoP ${bearer}` }),
      ...(params === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(params === undefined ? {} : { body: new URLSearchParams(params).toString() }),
  });
}

/** With a new proof only where the one before may be used up: its request was never answered, or its time is over. */
async function proven(
  run: Run,
  ...request: Parameters<typeof withProof> extends [Run, ...infer R] ? R : never
): Promise<Json> {
  for (let proofs = 0; proofs < 4; proofs += 1) {
    const since = Date.now();
    const { cut } = run.seen;
    const answer = await withProof(run, ...request);
    if (answer.status === 200) return answer;
    const mayBeOver = run.seen.cut > cut || Date.now() - since >= PROOF_LIFE_MS;
    must(mayBeOver, `a request with a proof was told ${says(answer)}`);
  }
  throw new Violation('no proof was taken');
}

/** By name. */
export const TOKENS: Readonly<Record<string, Flow>> = {
  'code exchange': {
    async prepare(run) {
      run.facts['code'] = await run.user.code();
    },
    act(run) {
      const { code = '' } = run.facts;
      let isFirst = true;
      return tokensFor(run, async () => {
        if (!isFirst) return run.user.code();
        isFirst = false;
        return code;
      });
    },
    check: isGood,
  },

  refresh: {
    prepare: signedIn,
    async act(run) {
      for (let turn = 0; turn < 2; turn += 1) {
        const answer = await run.apps.refresh(run.facts['refresh_token']);
        must(answer.status === 200, `a refresh was told ${says(answer)}`);
        keep(run, answer.body);
      }
    },
    check: isGood,
  },

  revocation: {
    prepare: signedIn,
    async act(run) {
      const { status } = await run.apps.post('/revoke', { token: run.facts['refresh_token'] ?? '' });
      must(status === 200, `a revocation was answered ${status}`);
    },
    check: isEnded,
  },

  'sign-out': {
    async prepare(run) {
      await signedIn(run);
      const code = await run.user.code({ client_id: 'first', scope: 'openid profile ib:api' });
      keep(run, (await run.apps.exchange(code, 'first')).body, ' of first');
    },
    act: signOut,
    async check(run) {
      await isDead(run);
      await isDead(run, ' of first', 'first');
    },
  },

  'account page': {
    prepare: signedIn,
    async act(run) {
      for (let tries = 0; tries < 4; tries += 1) {
        const page = await run.user.open(`${ISSUER}/account`);
        const form = formsOf(page).find(({ action }) => action.endsWith('/account/revoke'));
        if (form === undefined) return;
        const done = await run.user.submit(page, form);
        must(done.status < 400, `the account page said ${done.status}`);
      }
    },
    check: isEnded,
  },

  'token exchange': {
    async prepare(run) {
      const params = { scope: 'openid profile ib:api', resource: RESOURCE };
      run.facts['code'] = await run.user.code(params);
      keep(run, (await run.apps.exchange(run.facts['code'])).body);
    },
    async act(run) {
      const exchanged = await run.apps.post(
        '/token',
        {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: run.facts['access_token'] ?? '',
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        },
        'mcp-server',
      );
      must(exchanged.status === 200, `an exchange was told ${says(exchanged)}`);
      run.facts['exchanged'] = String(exchanged.body['access_token']);
    },
    async check(run) {
      const path = '/proxy/api/3.0.0/6M0B/folder.limit(1)';
      const called = await run.apps.bearer(path, run.facts['exchanged']);
      must(called.status === 200, `an exchanged token is told ${says(called)}`);
    },
  },

  'proxied call': {
    prepare: signedIn,
    async act(run) {
      const path = '/proxy/api/3.0.0/6M0B/folder.limit(1)';
      const called = await run.apps.bearer(path, run.facts['access_token']);
      must(called.status === 200, `a proxied call is told ${says(called)}`);
    },
    check: isGood,
  },

  introspection: {
    prepare: signedIn,
    async act(run) {
      const { body } = await run.apps.post('/introspect', { token: run.facts['access_token'] ?? '' });
      must(body['active'] === true, 'a live token was called inactive');
      const seen = await run.apps.bearer('/userinfo', run.facts['access_token']);
      must(seen.status === 200, `a live token is told ${says(seen)}`);
    },
    check: isGood,
  },

  registration: {
    async act(run) {
      const registered = await run.apps.json('/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: 'New', redirect_uris: ['https://app.example/callback'] }),
      });
      must(registered.status === 201, `a registration was told ${says(registered)}`);
      run.facts['client_id'] = String(registered.body['client_id']);
    },
    async check(run) {
      const { client_id = '' } = run.facts;
      const page = await run.user.open(authorizeUrl(ISSUER, { client_id, scope: 'openid' }));
      must(page.body.includes('platform_url'), `a registered app is told ${page.status}`);
    },
  },

  'end of the session at IB': {
    async prepare(run) {
      run.user.at = 1;
      await signedIn(run);
    },
    async act(run) {
      run.world.sandbox.platforms[1].killSessions();
      const path = '/proxy/api/3.0.0/7q2C/folder.limit(1)';
      const called = await run.apps.bearer(path, run.facts['access_token']);
      must(called.status === 401, `after the end a call is told ${says(called)}`);
    },
    check: isEnded,
  },

  'back-channel logout': {
    async prepare(run) {
      const code = await run.user.code({ client_id: 'told', scope: 'openid profile ib:api' });
      keep(run, (await run.apps.exchange(code, 'told')).body);
    },
    act: signOut,
    async check(run) {
      await isDead(run, '', 'told');
      const { told, trace } = run.world;
      // Whoever dies, or is not answered, may not have told the app: it must not rely on it.
      const isExcused = trace.some((line) => / — killed| app .* — /.test(line));
      must(told.length > 0 || isExcused, 'the app was not told of the sign-out');
    },
  },

  'calls with proofs': {
    async prepare(run) {
      const code = await run.user.code();
      const grant = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI };
      const { body } = await proven(run, '/token', { params: { ...grant, code_verifier: VERIFIER } });
      keep(run, body);
    },
    async act(run) {
      const { refresh_token = '' } = run.facts;
      const params = { grant_type: 'refresh_token', refresh_token };
      keep(run, (await proven(run, '/token', { params })).body);
      await proven(run, '/userinfo', { bearer: run.facts['access_token'] ?? '' });
    },
    async check(run) {
      await proven(run, '/userinfo', { bearer: run.facts['access_token'] ?? '' });
    },
  },
};
