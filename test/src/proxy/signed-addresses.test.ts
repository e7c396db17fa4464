import { expect } from 'chai';
import { grantIdOf, ibSessionIdOf } from '../../../adapters/store/handles.ts';
import { type OwnIb, startOwnIb } from './own-ib.ts';

describe('addresses that work without a token', () => {
  let ib: OwnIb;
  beforeEach(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
  });
  afterEach(() => ib.close());

  /** The address in place of one of IB's that holds the sid. */
  async function signed(path: string): Promise<string> {
    ib.answer((_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ preview: `${ib.origin}${path}?sid=${ib.sid}` }));
    });
    const { preview } = (await (await ib.call()).json()) as { preview: string };
    expect(preview).to.contain('/proxy/~/');
    return preview;
  }

  /** Lets the user's session be at another host. */
  async function move(apiUrl: string, sid: string): Promise<void> {
    const id = ibSessionIdOf(grantIdOf(ib.bearer.authorization.slice('Bearer '.length)) ?? '') ?? '';
    const { store } = ib.stack.server;
    await store.unit(async () => {
      const session = await store.ibSessions.find(id);
      if (session === undefined) throw new Error('no session');
      await store.ibSessions.put(id, { ...session, apiUrl, sid });
    });
  }

  it('go on doing so where IB redirects from one to another', async () => {
    const preview = await signed('/preview');
    const asked: unknown[] = [];
    ib.answer(({ url, headers }, response) => {
      asked.push([url, headers['sid']]);
      if (url !== '/preview') response.writeHead(200, { 'content-type': 'image/png' }).end('picture');
      else response.writeHead(302, { location: `/file/7?sid=${ib.sid}&w=1` }).end();
    });
    const picture = await fetch(preview);
    expect([picture.status, await picture.text()]).to.deep.equal([200, 'picture']);
    expect(picture.url).to.contain('/proxy/~/').and.not.contain(ib.sid);
    expect(asked).to.deep.equal([
      ['/preview', ib.sid],
      ['/file/7?w=1', ib.sid],
    ]);
  });

  it("lead nowhere once the user's session is at another host, which alone sees the new sid", async () => {
    const preview = await signed('/preview');
    let asked = 0;
    ib.answer((_asked, response) => {
      asked += 1;
      response.end('picture');
    });
    expect((await fetch(preview)).status).to.equal(200);
    await move(ib.stack.sandbox.platforms[0].origin, 'sid-of-the-other-host');
    const over = await fetch(preview);
    expect([over.status, await over.json()]).to.deep.equal([
      404,
      { error: 'not_found', error_description: 'this address is over' },
    ]);
    expect(asked).to.equal(1);
  });

  it('end, as calls do, where the operator has taken the host off the list of hosts', async () => {
    const preview = await signed('/preview');
    // The API answers there, and the session names it: what is missing is the entry in the list.
    const { port } = new URL(ib.origin);
    const off = `https://localhost:${port}`;
    await move(off, ib.sid);
    for (const path of ['/proxy/thing', `/proxy/localhost:${port}/thing`]) {
      const answer = await fetch(ib.stack.issuer + path, { headers: ib.bearer });
      expect([answer.status, await answer.json()], path).to.deep.equal([
        403,
        {
          error: 'access_denied',
          error_description: "only the hosts of the user's own IntelligenceBank platform can be called",
        },
      ]);
    }
    expect((await fetch(preview)).status).to.equal(404);
  });
});
