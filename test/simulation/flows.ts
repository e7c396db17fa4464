/** Every flow of the product: what it starts from, what apps and users do in it, and what must be true when it is over. */
import { attributeOf, formsOf } from '../support/browser.ts';
import { authorizeUrl, TV_CLIENT } from '../support/stack.ts';
import { Violation } from './people.ts';
import {
  connect,
  deviceTokens,
  isAlive,
  isDead,
  keep,
  must,
  poll,
  RESOURCE,
  type Run,
  SHORT_LIFE_MS,
  says,
  signedIn,
  signOut,
  tokensFor,
} from './steps.ts';
import { ISSUER } from './world.ts';

export const CLIENTS = `
clients:
  - client_id: web
    client_name: Web App
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    post_logout_redirect_uris: [https://app.example/bye]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile email offline_access ib:api ib:session
  - client_id: first
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    ib: { skip_consent: true }
${TV_CLIENT}
  - client_id: mcp-server
    client_secret_env: WEB_SECRET
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange']
resources:
  - identifier: https://mcp.acme.example/mcp
    scopes: [profile, ib:api]
    client_id: mcp-server
`;

export interface Flow {
  /** Before faults begin. */
  prepare?(run: Run): Promise<void>;
  /** With faults. */
  act(run: Run): Promise<void>;
  /** After the faults. */
  check(run: Run): Promise<void>;
}

const alive = (run: Run): Promise<void> => isAlive(run);
const dead = (run: Run): Promise<void> => isDead(run);

/** A sign-in that the user ends; the app must hear of it. */
const refused = (decision: 'deny' | 'cancel'): Flow => ({
  async act(run) {
    run.user.decision = decision;
    const url = await run.user.goThrough(authorizeUrl(ISSUER));
    must(url.searchParams.get('error') === 'access_denied', `the app was told ${url.search}`);
  },
  check: async () => undefined,
});

/** By name, as the table prints them. */
export const FLOWS: Readonly<Record<string, Flow>> = {
  'sign-in': { act: (run) => tokensFor(run, () => run.user.code()), check: alive },

  'sign-in, polled': {
    act: (run) =>
      tokensFor(run, async () => {
        for (let tries = 0; tries < 6; tries += 1) {
          let page = await run.user.open(authorizeUrl(ISSUER));
          const { origin } = run.world.sandbox.platforms[0];
          if (page.body.includes('name="platform_url"'))
            page = await run.user.press(page, 'platform', { platform_url: origin });
          if (attributeOf(page, 'data-poll', 'data-poll') !== undefined) page = await poll(run, page);
          page = await run.user.walk(page);
          const code = page.url.searchParams.get('code');
          if (page.url.origin !== ISSUER && code !== null) return code;
          run.seen.begun += 1;
        }
        throw new Violation('the sign-in was lost');
      }),
    check: alive,
  },

  'sign-in, denied': refused('deny'),

  'sign-in, cancelled': refused('cancel'),

  'single sign-on': {
    prepare: signedIn,
    act: (run) => tokensFor(run, () => run.user.code()),
    check: alive,
  },

  'another app': {
    prepare: signedIn,
    act: (run) =>
      tokensFor(run, () => run.user.code({ client_id: 'first', scope: 'openid profile ib:api' }), 'first'),
    check: (run) => isAlive(run, '', 'first'),
  },

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
    check: alive,
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
    check: alive,
  },

  'device grant': {
    async act(run) {
      const begun = await run.apps.post(
        '/device_authorization',
        { client_id: 'tv', scope: 'openid profile ib:api' },
        null,
      );
      must(begun.status === 200, `the device was told ${says(begun)}`);
      run.facts['device_code'] = String(begun.body['device_code']);
      run.facts['user_code'] = String(begun.body['user_code']);
      await connect(run);
      await deviceTokens(run);
    },
    async check(run) {
      if (run.facts['lost'] !== undefined) return;
      const seen = await run.apps.bearer('/userinfo', run.facts['access_token']);
      must(seen.status === 200, `a device's token is told ${says(seen)}`);
    },
  },

  'pushed request': {
    act: (run) =>
      tokensFor(run, async () => {
        for (let beginnings = 0; beginnings < 4; beginnings += 1) {
          const since = Date.now();
          const { cut } = run.seen;
          const query = new URL(authorizeUrl(ISSUER)).searchParams;
          const pushed = await run.apps.post('/par', Object.fromEntries(query));
          must(pushed.status === 201, `a pushed request was told ${says(pushed)}`);
          const uri = String(pushed.body['request_uri']);
          const url = await run.user.goThrough(
            `${ISSUER}/authorize?${new URLSearchParams({ client_id: 'web', request_uri: uri })}`,
          );
          const code = url.searchParams.get('code');
          if (code !== null) return code;
          const mayBeOver = run.seen.cut > cut || Date.now() - since >= SHORT_LIFE_MS;
          must(mayBeOver, `the app was told ${url.search}`);
          run.seen.begun += 1;
        }
        throw new Violation('the app never got its code');
      }),
    check: alive,
  },

  revocation: {
    prepare: signedIn,
    async act(run) {
      const { status } = await run.apps.post('/revoke', { token: run.facts['refresh_token'] ?? '' });
      must(status === 200, `a revocation was answered ${status}`);
    },
    check: dead,
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
    check: dead,
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
    check: alive,
  },

  introspection: {
    prepare: signedIn,
    async act(run) {
      const { body } = await run.apps.post('/introspect', { token: run.facts['access_token'] ?? '' });
      must(body['active'] === true, 'a live token was called inactive');
      const seen = await run.apps.bearer('/userinfo', run.facts['access_token']);
      must(seen.status === 200, `a live token is told ${says(seen)}`);
    },
    check: alive,
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
    check: dead,
  },
};
