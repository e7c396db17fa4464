import { expect } from 'chai';
import { createLoopDelay } from '../../src/http/overload.ts';
import { authorizeUrl, type Stack, startStack } from '../support/stack.ts';

describe('a process that is behind', () => {
  let stack: Stack;
  let now = 1_800_000_000_000;
  let delayMs = 0;
  before(async () => {
    stack = await startStack({ now: () => now, loopDelay: { takeMs: () => delayMs } });
  });
  after(() => stack.close());

  const ask = async (path: string, accept = 'application/json') => {
    const response = await fetch(stack.issuer + path, { headers: { accept }, redirect: 'manual' });
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      text: await response.text(),
    };
  };

  it('answers 503 at once, as JSON or a page, is still alive, and serves again when it has caught up', async () => {
    expect((await ask('/jwks')).status).to.equal(200);
    delayMs = 400;
    expect((await ask('/jwks')).status, 'within the window of one measurement').to.equal(200);
    now += 1000;
    const refused = await ask('/jwks');
    expect([refused.status, refused.retryAfter]).to.deep.equal([503, '5']);
    expect(JSON.parse(refused.text)['error']).to.equal('temporarily_unavailable');
    const page = await ask(new URL(authorizeUrl(stack.issuer)).pathname, 'text/html');
    expect(page.status).to.equal(503);
    expect(page.text).to.contain('busy');
    expect((await ask('/healthz')).status).to.equal(200);
    delayMs = 0;
    now += 1000;
    expect((await ask('/jwks')).status).to.equal(200);
    delayMs = 400;
    now += 1000;
    expect((await ask('/jwks')).status).to.equal(503);
    delayMs = 0;
    now -= 3_600_000;
    expect((await ask('/jwks')).status, 'the clock is set back').to.equal(200);
    expect(stack.logs.join(''), 'no failure that nobody expects').to.not.contain('"event":"failed"');
    expect(await stack.logged('limited')).to.include({ limit: 'overload' });
  });

  it('is told from one that is not by how late its timers run', async () => {
    const delay = createLoopDelay();
    const blocks = async (times: number, ms: number): Promise<void> => {
      for (let index = 0; index < times; index += 1) {
        const until = performance.now() + ms;
        while (performance.now() < until);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await blocks(10, 60);
    expect(delay.takeMs()).to.be.above(20);
    expect(delay.takeMs(), 'nothing has been measured since').to.be.at.most(0);
    delay.close();
  });
});
