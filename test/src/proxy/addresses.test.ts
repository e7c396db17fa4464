import { expect } from 'chai';
import { type OwnIb, startOwnIb } from './own-ib.ts';

describe("addresses in IB's texts", function () {
  this.timeout(30_000);
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' }, lifetimes: { proxyCallsPerMinute: 100_000 } });
  });
  after(() => ib.close());

  /** The text as the app gets it; `{}` stands for the API's origin, `SID` for the sid. */
  async function passed(text: string): Promise<string> {
    const said = text.replaceAll('{}', ib.origin).replaceAll('SID', ib.sid);
    ib.answer((asked, response) => {
      asked.resume();
      response.writeHead(200, { 'content-type': 'text/plain' }).end(said);
    });
    return (await ib.rawCall()).body.toString();
  }

  /** What was passed, with `~` for an address that works without a token. */
  async function shown(text: string): Promise<string> {
    const signed = new RegExp(`${RegExp.escape(ib.stack.issuer)}/proxy/~/[\\w-]+`, 'g');
    return (await passed(text)).replaceAll(signed, '~').replaceAll(ib.origin, '{}');
  }

  /** What IB was asked for at the one such address in a text. */
  async function behind(text: string): Promise<string | undefined> {
    const [address = ''] = /http:[^"\s]*\/proxy\/~\/[\w-]+/.exec(await passed(text)) ?? [];
    let target: string | undefined;
    ib.answer((asked, response) => {
      target = asked.url;
      response.end();
    });
    await (await fetch(address)).arrayBuffer();
    return target;
  }

  it('leave JSON inside JSON what it is, however deep', async () => {
    let inner: unknown = { preview: `{}/x?sid=SID`, next: 1 };
    for (let depth = 0; depth < 4; depth += 1) {
      for (const text of [JSON.stringify(inner), JSON.stringify(inner).replaceAll('/', '\\/')]) {
        let read: unknown = JSON.parse(await shown(text));
        while (typeof read === 'string') read = JSON.parse(read);
        expect(read).to.deep.equal({ preview: '~', next: 1 });
      }
      inner = JSON.stringify(inner);
    }
  });

  for (const [said, becomes] of [
    ['{}/x?sid=SID,second,third', '~,second,third'],
    ['1,{}/x?sid=SID;second', '1,~;second'],
    ['{}/x?sid=SID,{}/y?w=1&sid=SID', '~,~'],
    ['{}/x?sid=SID|{}/y?sid=SID', '~|~'],
    ['see {}/x?sid=SID. Or {}/y?sid=SID, and so on', 'see ~. Or ~, and so on'],
    ['[{}/x?sid=SID] {{}/x?sid=SID} `{}/x?sid=SID`', '[~] {~} `~`'],
    ['[a]({}/x?sid=SID)[b]({}/y?sid=SID)', '[a](~)[b](~)'],
    ['url({}/x?sid=SID),url({}/y(1)?sid=SID);', 'url(~),url(~);'],
    ['<a href={}/x?sid=SID>', '<a href=~>'],
    ['<i d="{&quot;u&quot;:&quot;{}/x?sid=SID&quot;}">', '<i d="{&quot;u&quot;:&quot;~&quot;}">'],
    ["<i d='{&#34;u&#34;:&#34;{}/x?a=1&amp;sid=SID&#34;}'>", "<i d='{&#34;u&#34;:&#34;~&#34;}'>"],
    ['<![CDATA[{}/x?sid=SID]]>', '<![CDATA[~]]>'],
    ['{"u":"\\u0022{}/x?a\\u003d1\\u0026sid\\u003dSID\\u0022"}', '{"u":"\\u0022~\\u0022"}'],
    ['{}/x?sid=SID#page=2', '~#page=2'],
    ['{}/x?sid=SID#a&b', '~'],
  ] as const) {
    it(`end where they end in ${said}`, async () => {
      expect(await shown(said)).to.equal(becomes);
    });
  }

  for (const [said, target] of [
    ['{}/x.limit(0,100).order(a:-1)?sid=SID&k[a]=x', '/x.limit(0,100).order(a:-1)?k[a]=x'],
    ['({}/x(1)?w=1&sid=SID)', '/x(1)?w=1'],
    ['u={}/x?a[]=1&sid=SID&b[c]=2]', '/x?a[]=1&b[c]=2'],
    ['{}/x?u={}/y&sid=SID', '/x?u={}/y'],
    ['https://elsewhere.example/?u={}/y?sid=SID', '/y'],
  ] as const) {
    it(`lead to what they lead to, where it is ${said}`, async () => {
      expect(await behind(said)).to.equal(target.replace('{}', ib.origin));
    });
  }

  for (const [said, becomes] of [
    ['{"thumbnail":"/uploads/x?sid=SID&w=1"}', '{"thumbnail":"/uploads/x?w=1"}'],
    ['{"thumbnail":"/uploads/x?w=1&sid=SID"}', '{"thumbnail":"/uploads/x?w=1"}'],
    ['{"thumbnail":"/uploads/x?sid=SID"}', '{"thumbnail":"/uploads/x"}'],
    ['<img src="x?a=1&amp;sid=SID&amp;b=2">', '<img src="x?a=1&amp;b=2">'],
    ['{"u":"\\/x?a=1\\u0026sid=SID\\u0026b=2"}', '{"u":"\\/x?a=1\\u0026b=2"}'],
    ['https://cdn.elsewhere.example/x?sid=SID&w=1', 'https://cdn.elsewhere.example/x?w=1'],
    ['{"sid":"SID","my":"?sid=SIDx"}', '{"sid":"","my":"?sid=x"}'],
    ['{}/x)?sid=SID', '{}/x)'],
  ] as const) {
    it(`keep no empty sid, which IB might read, where they stay as they are: ${said}`, async () => {
      expect(await shown(said)).to.equal(becomes);
    });
  }

  it('keep the place in a page where IB redirects to it', async () => {
    ib.answer((_asked, response) => {
      response.writeHead(302, { location: `/x?sid=${ib.sid}#page=2` }).end();
    });
    const { headers } = await ib.rawCall();
    expect(headers.location).to.match(/\/proxy\/127\.0\.0\.1:\d+\/x#page=2$/);
    ib.answer((_asked, response) => void response.writeHead(302, { location: `/x#${ib.sid}` }).end());
    expect((await ib.rawCall()).headers.location).to.match(/\/proxy\/127\.0\.0\.1:\d+\/x$/);
  });
});
