/** What apps and users do in flows, step by step, and what must be true of what they were given. */
import { attributeOf, formsOf, type Page } from '../support/browser.ts';
import { createApps, type Json, type Seen, User, Violation } from './people.ts';
import { ISSUER, type World } from './world.ts';

/** As long as a code or a pushed request lives, but for a moment: then its own time has passed. */
export const SHORT_LIFE_MS = 58_000;
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
export const RESOURCE = 'https://mcp.acme.example/mcp';

/** One run of a flow: its people, and what they have been given. */
export interface Run {
  readonly world: World;
  readonly user: User;
  readonly apps: ReturnType<typeof createApps>;
  readonly seen: Seen;
  /** Facts that a flow's steps hand on, values that are secrets. */
  readonly facts: Record<string, string>;
}

export function newRun(world: World): Run {
  const seen: Seen = { cut: 0, asked: 0, begun: 0 };
  return { world, seen, user: new User(world, seen), apps: createApps(world, seen), facts: {} };
}

/** The same run, as its browser and facts stood. */
export function copyOf(run: Run): Run {
  const copy = newRun(run.world);
  copy.user.cookies.push(...run.user.cookies);
  Object.assign(copy.facts, run.facts);
  return copy;
}

export function must(isTrue: boolean, sentence: string): void {
  if (!isTrue) throw new Violation(sentence);
}

/** An answer in a few words. */
export const says = ({ status, body }: Json): string => `${status} ${String(body['error'] ?? '')}`;

export function keep({ facts }: Run, body: Json['body'], as = ''): void {
  for (const name of ['access_token', 'refresh_token', 'id_token'])
    if (typeof body[name] === 'string') facts[name + as] = body[name];
}

/** Exchanges a code; where the answer was lost for good, or the code's time has passed, the app begins again. */
export async function tokensFor(run: Run, newCode: () => Promise<string>, clientId = 'web'): Promise<void> {
  for (let beginnings = 0; beginnings < 4; beginnings += 1) {
    const code = await newCode();
    const since = Date.now();
    const { cut } = run.seen;
    const answer = await run.apps.exchange(code, clientId);
    if (answer.status === 200) {
      run.facts['code'] = code;
      return keep(run, answer.body);
    }
    const mayBeOver = run.seen.cut > cut || Date.now() - since >= SHORT_LIFE_MS;
    must(mayBeOver, `an exchange was told ${says(answer)}`);
    run.seen.begun += 1;
  }
  throw new Violation('the app never got its tokens');
}

/** Tokens that were given are good, and the code that they were given for is not. */
export async function isAlive(run: Run, as = '', clientId = 'web'): Promise<void> {
  const seen = await run.apps.bearer('/userinfo', run.facts[`access_token${as}`]);
  must(seen.status === 200, `a token that was given is told ${says(seen)}`);
  const next = await run.apps.refresh(run.facts[`refresh_token${as}`], clientId);
  must(next.status === 200, `a refresh token that was given is told ${says(next)}`);
  const { code } = run.facts;
  const again = code === undefined ? undefined : await run.apps.exchange(code, clientId);
  must(again === undefined || says(again) === '400 invalid_grant', 'a code was used twice');
}

export async function isDead(run: Run, as = '', clientId = 'web'): Promise<void> {
  const seen = await run.apps.bearer('/userinfo', run.facts[`access_token${as}`]);
  must(seen.status === 401, `an access token lives on: ${says(seen)}`);
  const next = await run.apps.refresh(run.facts[`refresh_token${as}`], clientId);
  must(says(next) === '400 invalid_grant', `a refresh token lives on: ${says(next)}`);
}

/** A user who has signed in to the app. */
export const signedIn = async (run: Run): Promise<void> => {
  const { body } = await run.apps.exchange(await run.user.code());
  keep(run, body);
};

/** The page's script in place of its button. */
export async function poll(run: Run, page: Page): Promise<Page> {
  const { user, world } = run;
  let handle = attributeOf(page, 'data-poll', 'data-poll') ?? '';
  const link = attributeOf(page, 'data-ib-login', 'href') ?? '';
  world.sandbox.platforms[0].signIn('ada', new URL(link).searchParams.get('token') ?? '');
  for (let polls = 0; polls < 60; polls += 1) {
    world.wait(2000);
    const answer = await user.request(`${ISSUER}/authorize/poll?token=${handle}`, {
      headers: { accept: 'application/json' },
    });
    const body = JSON.parse(answer.body) as Record<string, string>;
    if (body['redirect_url'] !== undefined) return user.open(body['redirect_url']);
    if (body['token'] !== undefined) handle = body['token'];
    else if (body['error'] !== 'authorization_pending' && body['error'] !== 'slow_down') return page;
  }
  return page;
}

export async function submitFirst(user: User, page: Page, fields: Record<string, string>): Promise<Page> {
  const [form] = formsOf(page);
  if (form === undefined) throw new Violation(`no form on ${page.url.pathname} (${page.status})`);
  return user.submit(page, form, fields);
}

/** The user's part of the device grant, begun again where the pages say so. */
export async function connect(run: Run): Promise<void> {
  const { user, facts } = run;
  for (let tries = 0; tries < 4; tries += 1) {
    let page = await submitFirst(user, await user.open(`${ISSUER}/device`), {
      user_code: facts['user_code'] ?? '',
    });
    if (page.body.includes('name="confirm"')) page = await submitFirst(user, page, { confirm: 'yes' });
    page = await user.walk(page);
    if (page.body.includes('connected')) return;
    run.seen.begun += 1;
    const { status, body } = await run.apps.post('/token', devicePoll(run), null);
    if (status === 200) return keep(run, body);
  }
  throw new Violation('the device was never connected');
}

const devicePoll = ({ facts }: Run): Record<string, string> => ({
  grant_type: DEVICE,
  client_id: 'tv',
  device_code: facts['device_code'] ?? '',
});

export async function deviceTokens(run: Run): Promise<void> {
  if (run.facts['access_token'] !== undefined) return;
  const cut = run.seen.cut;
  for (let polls = 0; polls < 30; polls += 1) {
    run.world.wait(6000);
    const answer = await run.apps.post('/token', devicePoll(run), null);
    if (answer.status === 200) return keep(run, answer.body);
    if (String(answer.body['error']) === 'authorization_pending' || answer.body['error'] === 'slow_down')
      continue;
    must(run.seen.cut > cut, `the device was told ${says(answer)}`);
    run.facts['lost'] = 'the answer died with its process';
    return;
  }
  throw new Violation('the device never got its tokens');
}

export async function signOut(run: Run): Promise<void> {
  const { user } = run;
  const page = await user.open(`${ISSUER}/logout`);
  const [form] = formsOf(page);
  if (form === undefined) throw new Violation(`no question at sign-out: ${page.status}`);
  const done = await user.submit(page, form, { logout: 'yes' });
  if (done.status === 200 && done.body.includes('signed out')) return;
  run.seen.begun += 1;
  await user.submit(await user.open(`${ISSUER}/logout`), form, { logout: 'yes' });
}
