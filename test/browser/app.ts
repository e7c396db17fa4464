/** An app on loopback for tests in a browser, and the user's way from it to IB's login. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import type { SandboxPlatform } from '../../sandbox/server.ts';

/** An app that runs: its origin, and where it wants its codes. */
export interface App {
  readonly origin: string;
  readonly callback: string;
  close(): void;
}

/** Starts one; `answer` makes a page of a request's path and body. */
export async function startApp(answer: (path: string, body: string) => string): Promise<App> {
  const server = createServer((asked, response) => {
    void text(asked).then((body) => {
      response.setHeader('content-type', 'text/html');
      response.end(answer(asked.url ?? '/', body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    callback: `${origin}/callback`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** From the question of the platform to IB's login, which the user gets through. */
export async function signInAtIb(page: Page, platform: SandboxPlatform, user = 'ada'): Promise<void> {
  await page.locator('input[name=platform_url]').fill(platform.origin);
  await page.locator('button.primary').click();
  const link = await page.locator('a[data-ib-login]').getAttribute('href');
  platform.signIn(user, new URL(link ?? '').searchParams.get('token') ?? '');
}
