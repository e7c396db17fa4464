/** A login at the sandbox as a test plays it: the waiting page, polls, the user at IB, on a clock of its own. */
import { expect } from 'chai';
import { attributeOf, type Browser, formsOf, type Page } from './browser.ts';
import { authorizeUrl, exchange, type Stack } from './stack.ts';

export interface Poll {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}

/** Opens an app's request and chooses a platform: the page that waits. */
export async function openWaiting(
  stack: Stack,
  browser: Browser,
  params: Record<string, string> = {},
  origin = stack.sandbox.platforms[0].origin,
): Promise<Page> {
  const page = await browser.press(await browser.open(authorizeUrl(stack.issuer, params)), 'platform', {
    platform_url: origin,
  });
  expect(attributeOf(page, 'data-ib-login', 'href'), page.body).to.be.a('string');
  return page;
}

/** The handle a waiting page polls with. */
export const handleOn = (page: Page): string => attributeOf(page, 'data-poll', 'data-poll') ?? '';

/** The login token in a login link. */
export const tokenIn = (link: unknown): string => new URL(String(link)).searchParams.get('token') ?? '';

/** The login token of a waiting page's link. */
export const tokenOn = (page: Page): string => tokenIn(attributeOf(page, 'data-ib-login', 'href'));

/** What a waiting page says of its state. */
export function stateOf(page: Page): string {
  return /data-status>([^<]*)</.exec(page.body)?.[1] ?? '';
}

/** One poll. */
export async function pollOnce(stack: Stack, browser: Browser, handle: unknown, more = ''): Promise<Poll> {
  const url = `${stack.issuer}/authorize/poll?token=${String(handle)}${more}`;
  const answer = await browser.request(url, { headers: { accept: 'application/json' } });
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    body: JSON.parse(answer.body),
  };
}

/** Goes on from a poll that must say "signed in", by way of consent where it is asked, to the app's tokens. */
export async function tokensAfter(
  stack: Stack,
  browser: Browser,
  { status, body }: Poll,
): Promise<Record<string, unknown>> {
  expect(status, JSON.stringify(body)).to.equal(200);
  expect(body).to.have.property('redirect_url');
  const page = await browser.open(String(body['redirect_url']));
  const asks = formsOf(page).some(({ action }) => action.endsWith('/consent'));
  const done = asks ? await browser.press(page, 'consent', { decision: 'allow' }) : page;
  expect(done.url.searchParams.get('code'), done.url.href + done.body.slice(0, 300)).to.be.a('string');
  const tokens = await exchange(stack, done.url);
  expect(tokens.status, JSON.stringify(tokens.body)).to.equal(200);
  return tokens.body;
}
