import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { useNock } from '../support/nock.ts';
import { authorizeUrl, type Stack, startStack } from '../support/stack.ts';

const MISTYPED = 'https://acmee.example';

describe('a platform whose name nobody knows', () => {
  const nock = useNock();
  let stack: Stack;
  before(async () => {
    nock.enableNetConnect(/^(?:127\.0\.0\.1|localhost):/);
    stack = await startStack({ extraHosts: [MISTYPED] });
  });
  after(() => stack.close());

  /** What the page says beside the field, where the call to IB ends so. */
  async function faultAfter(code: string): Promise<string> {
    nock(MISTYPED)
      .post('/v1/auth/app/token')
      .replyWithError(Object.assign(new Error(code), { code }));
    const browser = new Browser();
    const question = await browser.open(authorizeUrl(stack.issuer));
    const { status, body } = await browser.press(question, 'platform', { platform_url: MISTYPED });
    expect(status).to.equal(422);
    expect(body).to.contain(`value="${MISTYPED}"`);
    return /id="platform-fault"[^>]*>([^<]*)/.exec(body)?.[1] ?? '';
  }

  it('is told as a matter of spelling, not as one that may answer in a moment', async () => {
    expect(await faultAfter('ENOTFOUND')).to.contain('Check the spelling');
    expect(await faultAfter('ECONNREFUSED')).to.contain('Try again in a moment');
    expect(await faultAfter('EAI_AGAIN'), 'here it is our own network').to.contain('Try again in a moment');
  });
});
