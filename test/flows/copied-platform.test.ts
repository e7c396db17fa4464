import { expect } from 'chai';
import { attributeOf, Browser, type Page } from '../support/browser.ts';
import { authorizeUrl, type Stack, startStack } from '../support/stack.ts';

describe('an address that was copied', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ extraHosts: ['https://dam.acme.example'] });
  });
  after(() => stack.close());

  async function choose(platform_url: string): Promise<Page> {
    const browser = new Browser();
    return browser.press(await browser.open(authorizeUrl(stack.issuer)), 'platform', { platform_url });
  }
  const linkOf = (page: Page): string => new URL(attributeOf(page, 'data-ib-login', 'href') ?? '').origin;

  const copied: readonly ((origin: string) => string)[] = [
    (origin) => `"${origin}"`,
    (origin) => `“${origin}/”.`,
    (origin) => `« ${origin} »`,
    (origin) => `<${origin}>`,
    (origin) => `(${origin}),`,
    (origin) => `${new URL(origin).host}.`,
    (origin) => `\u200e${origin}\u200f`,
    (origin) => `\u202a${origin}\u202c`,
    (origin) => `\u2066${origin}\u2069`,
    (origin) => `\ufeff${origin}\u200b\n`,
    (origin) => `\u200b ${origin.replace('.0.', '.\u00ad0.')}`,
  ];
  for (const write of copied) {
    it(`is read without what came along: ${JSON.stringify(write('http://127.0.0.1:4000'))}`, async () => {
      const [{ origin }] = stack.sandbox.platforms;
      expect(linkOf(await choose(write(origin)))).to.equal(origin);
    });
  }

  it('has to be on the list all the same, and stays as it was typed where it is not', async () => {
    const [{ origin }] = stack.sandbox.platforms;
    for (const [typed, says] of [
      ['"evil.example"', 'is not allowed here'],
      ['\u200eevil.example\u200e', 'is not allowed here'],
      ['http://evil.example', 'is not allowed here'],
      ['http://dam.acme.example', 'is not allowed here'],
      [`"${origin}@evil.example"`, 'This is not the address of a platform'],
      [`${origin}\u200b.evil.example`, 'This is not the address of a platform'],
      [origin.replace('http:', 'https:'), 'is not allowed here'],
      ['ada@acme.example', 'not an e-mail address'],
      [' " ', 'Enter the address of your IntelligenceBank platform'],
    ] as const) {
      const { status, body } = await choose(typed);
      expect(status, typed).to.equal(422);
      expect(body, typed).to.contain(says);
    }
    expect((await choose('"evil.example"')).body).to.contain('value="&quot;evil.example&quot;"');
  });
});
