import { expect } from 'chai';
import { Browser } from '../../support/browser.ts';
import { authorizeUrl, type Stack, startStack } from '../../support/stack.ts';
import { begun, FORM, type RawAnswer, rawConnection } from './raw.ts';

describe('a request by POST that may be one by GET', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());
  const send = async (target: string, body: string, type = FORM): Promise<RawAnswer | undefined> => {
    const connection = await rawConnection(stack.issuer);
    connection.send(
      begun(target, `${type === '' ? '' : `Content-Type: ${type}\r\n`}Content-Length: ${body.length}`, body),
    );
    const answer = await connection.answer();
    connection.close();
    return answer;
  };

  it('is sent to the same address with its fields, and nothing else happens', async () => {
    for (const path of ['/authorize', '/logout']) {
      const answer = await send(path, 'state=a%26b%0D%0AX-Evil%3A+1&scope=openid profile&n=%C3%A9&empty=');
      expect(answer?.status, path).to.equal(303);
      expect(answer?.headers['location'], path).to.equal(
        `${path}?state=a%26b%0D%0AX-Evil%3A+1&scope=openid+profile&n=%C3%A9&empty=`,
      );
      expect(answer?.headers, path).to.not.have.any.keys('set-cookie', 'x-evil');
      expect(
        (await send(`${path}?state=a`, 'state=b'))?.headers['location'],
        'given twice it stays',
      ).to.equal(`${path}?state=a&state=b`);
      expect((await send(path, '', ''))?.headers['location'], 'without any').to.equal(path);
    }
  });

  it('begins a sign-in as a GET does', async () => {
    const browser = new Browser();
    const { search } = new URL(authorizeUrl(stack.issuer));
    const posted = await browser.request(`${stack.issuer}/authorize`, {
      method: 'POST',
      headers: { 'content-type': FORM },
      body: search.slice(1),
    });
    const page = await browser.follow(posted, stack.issuer);
    expect(page.body).to.contain('name="platform_url"');
  });

  it('is refused as another type, and where it would not fit into an address', async () => {
    for (const path of ['/authorize', '/logout']) {
      expect((await send(path, '{"client_id":"web"}', 'application/json'))?.status, path).to.equal(415);
      expect((await send(path, 'a=b', 'multipart/form-data; boundary=x'))?.status, path).to.equal(415);
      expect((await send(path, 'a=b', ''))?.status, path).to.equal(415);
      expect((await send(path, `state=${'a'.repeat(9000)}`))?.status, path).to.equal(413);
      expect((await send(path, `state=${'\x80'.repeat(8000)}`))?.status, path).to.equal(413);
    }
  });
});
