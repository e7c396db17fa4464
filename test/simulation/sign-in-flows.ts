/** Flows from an app's question to its tokens. */
import { attributeOf, formsOf, type Page } from '../support/browser.ts';
import { authorizeUrl, VERIFIER } from '../support/stack.ts';
import { type Flow, isGood } from './flow.ts';
import { Violation } from './people.ts';
import {
  connect,
  deviceTokens,
  isAlive,
  keep,
  must,
  poll,
  type Run,
  SHORT_LIFE_MS,
  says,
  signedIn,
  tokensFor,
} from './steps.ts';
import { DOCUMENT_APP } from './wires.ts';
import { ISSUER } from './world.ts';

/** A sign-in that the user ends; the app must hear of it. */
const refused = (decision: 'deny' | 'cancel'): Flow => ({
  async act(run) {
    run.user.decision = decision;
    const url = await run.user.goThrough(authorizeUrl(ISSUER));
    must(url.searchParams.get('error') === 'access_denied', `the app was told ${url.search}`);
  },
  check: async () => undefined,
});

/** Opens the app and names the platform, where it is asked for. */
async function toWaiting({ user, world }: Run): Promise<Page> {
  const page = await user.open(authorizeUrl(ISSUER));
  if (!offers(page, 'platform')) return page;
  return user.press(page, 'platform', { platform_url: world.sandbox.platforms[0].origin });
}

/**
 * A sign-in whose user does something of his own on the waiting page, and then what the pages ask for. How it comes to that
 * page is another flow's.
 */
const waiting = (onTheWay: (run: Run, page: Page) => Promise<Page>): Flow => ({
  async prepare(run) {
    run.facts['waiting'] = (await toWaiting(run)).url.href;
  },
  act: (run) =>
    tokensFor(run, async () => {
      for (let tries = 0; tries < 6; tries += 1) {
        const { waiting: at } = run.facts;
        let page = tries === 0 && at !== undefined ? await run.user.open(at) : await toWaiting(run);
        if (attributeOf(page, 'data-ib-login', 'href') !== undefined) page = await onTheWay(run, page);
        page = await run.user.walk(page);
        const code = page.url.searchParams.get('code');
        if (page.url.origin !== ISSUER && code !== null) return code;
        run.seen.begun += 1;
        run.world.wait(PAUSE_MS);
      }
      throw new Violation('the sign-in was lost');
    }),
  check: isGood,
});

const offers = (page: Page, step: string): boolean =>
  formsOf(page).some(({ action }) => action.endsWith(`/${step}`));

const PAUSE_MS = 20_000;
/** A login token is renewed when it is so old, and an attempt is over when nobody has looked at it for so long. */
const TOKEN_AGE_MS = 61_000;
const UNSEEN_MS = 301_000;

/** By name. */
export const SIGN_INS: Readonly<Record<string, Flow>> = {
  'sign-in': { act: (run) => tokensFor(run, () => run.user.code()), check: isGood },

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
    check: isGood,
  },

  'sign-in, denied': refused('deny'),

  'sign-in, cancelled': refused('cancel'),

  'single sign-on': {
    prepare: signedIn,
    act: (run) => tokensFor(run, () => run.user.code()),
    check: isGood,
  },

  'another app': {
    prepare: signedIn,
    act: (run) =>
      tokensFor(run, () => run.user.code({ client_id: 'first', scope: 'openid profile ib:api' }), 'first'),
    check: (run) => isAlive(run, '', 'first'),
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
    check: isGood,
  },

  'sign-in, its link renewed': waiting(async ({ world, user }, page) => {
    const [platform] = world.sandbox.platforms;
    platform.switches.expired = true;
    world.wait(TOKEN_AGE_MS);
    const renewed = await user.press(page, 'continue');
    platform.switches.expired = false;
    return renewed;
  }),

  'sign-in, begun again after a while': waiting(async ({ world, user }, page) => {
    world.wait(UNSEEN_MS);
    const over = await user.press(page, 'continue');
    return offers(over, 'restart') ? user.press(over, 'restart') : over;
  }),

  'sign-in, another platform after all': waiting(async ({ user }, page) => user.press(page, 'other')),

  'a second platform': {
    async prepare(run) {
      keep(run, (await run.apps.exchange(await run.user.code())).body, ' at the first');
    },
    act(run) {
      run.user.at = 1;
      return tokensFor(run, () => run.user.code({ prompt: 'select_account' }));
    },
    async check(run) {
      const { body } = await run.apps.bearer('/userinfo', run.facts['access_token at the first']);
      const next = await run.apps.refresh(run.facts['refresh_token at the first']);
      must(next.status === 200, `the first sign-in's token is told ${says(next)}`);
      const second = await run.apps.bearer('/userinfo', run.facts['access_token']);
      must(body['sub'] !== second.body['sub'], 'the second platform gave the first user');
      await isAlive(run);
    },
  },

  'an app of a metadata document': {
    act: (run) =>
      tokensOfDocument(run, async () => {
        let isFirst = true;
        const { client_id, redirect_uris } = DOCUMENT_APP;
        const [redirect_uri = ''] = redirect_uris;
        const url = await run.user.goThrough(async () => {
          if (!isFirst) run.world.wait(PAUSE_MS);
          isFirst = false;
          return authorizeUrl(ISSUER, { client_id, redirect_uri, scope: 'openid profile ib:api' });
        });
        const code = url.searchParams.get('code');
        must(code !== null, `the app was told ${url.search}`);
        return code ?? '';
      }),
    async check(run) {
      const seen = await run.apps.bearer('/userinfo', run.facts['access_token']);
      must(seen.status === 200, `a token that was given is told ${says(seen)}`);
    },
  },
};

/** As `tokensFor`, for an app without a secret. */
async function tokensOfDocument(run: Run, newCode: () => Promise<string>): Promise<void> {
  const { client_id, redirect_uris } = DOCUMENT_APP;
  const [redirect_uri = ''] = redirect_uris;
  for (let beginnings = 0; beginnings < 4; beginnings += 1) {
    const code = await newCode();
    const since = Date.now();
    const { cut } = run.seen;
    const params = {
      grant_type: 'authorization_code',
      code,
      client_id,
      redirect_uri,
      code_verifier: VERIFIER,
    };
    const answer = await run.apps.post('/token', params, null);
    if (answer.status === 200) return keep(run, answer.body);
    const mayBeOver = run.seen.cut > cut || Date.now() - since >= SHORT_LIFE_MS;
    must(mayBeOver, `an exchange was told ${says(answer)}`);
    run.seen.begun += 1;
  }
  throw new Violation('the app never got its tokens');
}
