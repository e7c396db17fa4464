import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { handleOn, openWaiting, pollOnce, tokenIn, tokenOn } from '../support/login.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** How long a login token lives, and what is said of it then, is unknown: its age decides where the words do not. */
describe('a login token that IntelligenceBank says something else of', () => {
  let nowMs = Date.now();
  let said = 404;
  let issued = 0;
  let platform: Server;
  let origin: string;
  let stack: Stack;

  before(async () => {
    platform = createServer((asked, response) => {
      if (asked.url?.startsWith('/v1/auth/app/token')) {
        issued += 1;
        return void response.end(JSON.stringify({ content: `token${issued}` }));
      }
      // Of the newest nothing is known yet, of those before it what the test says.
      const isNewest = asked.url?.endsWith(`token=token${issued}`) === true && issued > 1;
      response.writeHead(isNewest ? 404 : said).end('{"message":"it was"}');
    });
    platform.listen(0, '127.0.0.1');
    await once(platform, 'listening');
    origin = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
    stack = await startStack({ extraHosts: [origin], now: () => nowMs, env: { LOG_LEVEL: 'silent' } });
  });
  after(async () => {
    await stack.close();
    platform.close();
    platform.closeAllConnections();
  });
  beforeEach(() => {
    issued = 0;
  });

  for (const status of [400, 401, 403, 410, 422]) {
    it(`is followed by another after four minutes, not before, where it is told ${status}`, async () => {
      said = status;
      const browser = new Browser();
      const page = await openWaiting(stack, browser, {}, origin);
      nowMs += 200_000;
      expect((await pollOnce(stack, browser, handleOn(page))).body).to.not.have.property('login_url');
      expect(issued).to.equal(1);
      nowMs += 41_000;
      const { status: answered, body } = await pollOnce(stack, browser, handleOn(page));
      expect(answered, JSON.stringify(body)).to.equal(200);
      expect([tokenOn(page), tokenIn(body['login_url'])]).to.deep.equal(['token1', 'token2']);
      nowMs += 3_000;
      const next = await pollOnce(stack, browser, body['token']);
      expect(next.body).to.include({ error: 'authorization_pending' });
    });
  }

  it('is not followed by another for as long as IntelligenceBank is in trouble', async () => {
    for (const status of [429, 500, 503]) {
      issued = 0;
      said = status;
      const browser = new Browser();
      const page = await openWaiting(stack, browser, {}, origin);
      nowMs += 200_000;
      await pollOnce(stack, browser, handleOn(page));
      nowMs += 60_000;
      expect((await pollOnce(stack, browser, handleOn(page))).status).to.equal(503);
      expect(issued).to.equal(1);
    }
  });
});
