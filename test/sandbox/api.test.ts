import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { type Sandbox, type SandboxPlatform, startSandbox } from '../../sandbox/server.ts';

const START_MS = Date.UTC(2026, 0, 2);

describe("the sandbox's API", () => {
  let nowMs = START_MS;
  let sandbox: Sandbox;
  let acme: SandboxPlatform;
  let sid: string;

  before(async () => {
    sandbox = await startSandbox({ clock: () => nowMs });
    [acme] = sandbox.platforms;
  });
  after(() => sandbox.close());
  beforeEach(async () => {
    nowMs = START_MS;
    sandbox.reset();
    sid = await signIn(acme, 'ada');
  });

  async function signIn(platform: SandboxPlatform, user: string): Promise<string> {
    await (await fetch(`${platform.origin}/v1/auth/app/token`, { method: 'POST' })).text();
    return platform.signIn(user).sid;
  }
  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${sandbox.apiOrigin}${path}`, {
      ...init,
      headers: { sid, ...(init.headers as Record<string, string>) },
    });
  const table = (path: string, init: RequestInit = {}): Promise<Response> =>
    call(`/api/3.0.0/6M0B/${path}`, init);
  const json = async (answer: Response): Promise<Record<string, unknown>> =>
    (await answer.json()) as Record<string, unknown>;

  async function expectError(answer: Response, status: number, key: string): Promise<void> {
    expect(answer.status).to.equal(status);
    expect(await json(answer)).to.have.nested.property('error.key', key);
  }
  async function names(path: string): Promise<unknown[]> {
    const { response } = (await json(await table(path))) as { response: { rows: { name: string }[] } };
    return response.rows.map(({ name }) => name);
  }

  it('answers lists in pages, ordered and searched, and single objects', async () => {
    expect(await json(await table('folder.limit(1,2)'))).to.have.deep.property('response', {
      rows: [
        { _id: 'folder1', name: 'Logos', lastUpdateTime: 1609545600 },
        { _id: 'folder2', name: 'Photos', lastUpdateTime: 1609632000 },
      ],
      offset: 1,
      count: 7,
    });
    expect(await names('folder.limit(1)')).to.deep.equal(['Campaigns']);
    expect(await names('folder.limit(0,2).order(lastUpdateTime:-1)')).to.deep.equal(['Videos', 'Templates']);
    expect(await names('resource?searchParams[keywords]=logo')).to.deep.equal(['logo.svg', 'logo-white.svg']);
    expect(await names('user')).to.deep.equal(['Ada Lovelace', 'Grace Hopper']);
    expect(await json(await table('folder/folder2?verbose=true'))).to.have.nested.property(
      'response.data.name',
      'Photos',
    );
  });

  it('takes the sid from the header or the query, and embeds it in previews', async () => {
    const answer = await fetch(`${sandbox.apiOrigin}/api/3.0.0/6M0B/resource?sid=${sid}`);
    const { response } = (await answer.json()) as { response: { rows: { preview: string }[] } };
    const preview = response.rows[0]?.preview ?? '';
    expect(preview).to.contain(`sid=${sid}`);
    expect((await fetch(preview)).status).to.equal(200);
  });

  it('answers 401, 403, 404 and 400 as IB does', async () => {
    const anonymous = await fetch(`${sandbox.apiOrigin}/api/3.0.0/6M0B/folder`);
    expect(anonymous.status).to.equal(401);
    expect(await anonymous.json()).to.deep.equal({
      error: {
        key: 'error.authentication.required',
        message: 'No valid session. Authentication is required',
      },
    });
    await expectError(await table('resource/forbidden'), 403, 'error.no_permission');
    await expectError(await table('forbidden'), 403, 'error.no_permission');
    await expectError(await table('resource/none'), 404, 'error.not_found');
    await expectError(await table('nothing'), 404, 'error.not_found');
    await expectError(await call('/api/2.0.0/6M0B/folder'), 404, 'error.not_found');
    for (const bad of ['folder.limit(x)', 'folder.limit', 'folder.order(name)', '%ff']) {
      await expectError(await table(bad), 400, 'error.bad_request');
    }
  });

  it('minds the case of the clientid, and the platform of the sid', async () => {
    await expectError(await call('/api/3.0.0/6m0b/folder'), 404, 'error.not_found');
    await expectError(await call('/api/3.0.0/7q2C/folder'), 404, 'error.not_found');
  });

  it('is on the host that apiV3url names and on no other', async () => {
    const answer = await fetch(`${acme.origin}/api/3.0.0/6M0B/folder`, { headers: { sid } });
    expect(answer.status).to.equal(404);
  });

  it('answers RPC calls of its own client', async () => {
    const rpc = (body: string): Promise<Response> => call('/api/json', { method: 'POST', body });
    expect(await json(await rpc('{"client":"6M0B","x":1}'))).to.have.nested.property(
      'response.data.echo.x',
      1,
    );
    await expectError(await rpc('{"client":"7q2C"}'), 403, 'error.no_permission');
    await expectError(await rpc('{"client"'), 400, 'error.bad_request');
  });

  it('ends sessions when their time is over, and when they are killed', async () => {
    nowMs += 24 * 3600 * 1000 - 1;
    expect((await table('folder')).status).to.equal(200);
    nowMs += 1;
    await expectError(await table('folder'), 401, 'error.authentication.required');
    nowMs = START_MS;
    const other = await signIn(sandbox.platforms[1], 'alan');
    acme.killSessions();
    await expectError(await table('folder'), 401, 'error.authentication.required');
    expect((await call('/api/3.0.0/7q2C/folder', { headers: { sid: other } })).status).to.equal(200);
  });

  it('streams a download of the size that is asked for, in the same bytes every time', async () => {
    const whole = Buffer.from(await (await table('file?size=200001')).arrayBuffer());
    expect(whole).to.have.length(200_001);
    const part = await table('file?size=200001', { headers: { range: 'bytes=65530-131080' } });
    expect([part.status, part.headers.get('content-range')]).to.deep.equal([
      206,
      'bytes 65530-131080/200001',
    ]);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(65_530, 131_081))).to.equal(true);
    const tail = await table('file?size=200001', { headers: { range: 'bytes=-5' } });
    expect(Buffer.from(await tail.arrayBuffer()).equals(whole.subarray(-5))).to.equal(true);
    expect((await table('file?size=10', { headers: { range: 'bytes=10-' } })).status).to.equal(416);
    const head = await table('file?size=300000000', { method: 'HEAD' });
    expect(head.headers.get('content-length')).to.equal('300000000');
    await expectError(await table('file?size=-1'), 400, 'error.bad_request');
  });

  it('makes no more of a download than the reader takes', async () => {
    const { hostname, port } = new URL(sandbox.apiOrigin);
    const path = '/api/3.0.0/6M0B/file?size=1000000000';
    const [response] = await once(request({ hostname, port, path, headers: { sid } }).end(), 'response');
    await once(response, 'readable');
    response.read(1024);
    // Turns of the event loop in which an eager sender would fill its memory.
    for (let turn = 0; turn < 50; turn += 1) await (await table('folder.limit(1)')).text();
    expect(process.memoryUsage().arrayBuffers).to.be.below(100 * 1024 * 1024);
    response.destroy();
  });

  it('redirects downloads, to itself or where it is told', async () => {
    const own = await table('redirect', { redirect: 'manual' });
    expect([own.status, own.headers.get('location')]).to.deep.equal([
      302,
      `${sandbox.apiOrigin}/api/3.0.0/6M0B/file`,
    ]);
    const told = await table('redirect?to=https://evil.example/x', { redirect: 'manual' });
    expect(told.headers.get('location')).to.equal('https://evil.example/x');
  });

  it('hashes an uploaded file, whatever stands beside it in the form', async () => {
    const content = Buffer.alloc(300_000, 'a\r\n--b\r\n');
    const form = new FormData();
    form.set('title', 'Logo');
    form.set('file', new Blob([content]), 'logo.svg');
    const answer = await json(await table('file?target=resource', { method: 'POST', body: form }));
    expect(answer).to.have.deep.nested.property('response.data.file', {
      name: 'logo.svg',
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    expect(answer).to.have.nested.property('response.data.bytes').above(content.length);
  });

  it('reads a form however it is cut into pieces', async () => {
    const body =
      '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n\r\n--x\r\n-\r\n--b--\r\n';
    const { hostname, port } = new URL(sandbox.apiOrigin);
    const headers = { sid, 'content-type': 'multipart/form-data; boundary=b' };
    const upload = request({
      hostname,
      port,
      method: 'POST',
      path: '/api/3.0.0/6M0B/file?target=resource',
      headers,
    });
    upload.setNoDelay(true);
    const answered = once(upload, 'response');
    for (const character of body) await new Promise((resolve) => upload.write(character, resolve));
    upload.end();
    const [response] = await answered;
    const { data } = (JSON.parse(await text(response)) as { response: { data: Record<string, unknown> } })
      .response;
    expect(data['file']).to.include({ name: 'x', size: '\r\n--x\r\n-'.length });
  });

  it('knows a form that is none, or that was cut short', async () => {
    const post = (path: string, type: string, body: string): Promise<Response> =>
      table(path, { method: 'POST', headers: { 'content-type': type }, body });
    const form = 'multipart/form-data; boundary=b';
    await expectError(await post('file?target=resource', 'text/plain', 'x'), 400, 'error.bad_request');
    await expectError(await post('file', form, '--b--'), 400, 'error.bad_request');
    const part = '--b\r\ncontent-disposition: form-data; name="file"\r\n\r\nhello';
    const short = await post('file?target=resource', form, part);
    expect(await json(short)).to.not.have.nested.property('response.data.file');
  });

  it('apiStatus and apiRetryAfterSeconds: 429 and 500 to every call with a living sid', async () => {
    acme.switches.apiStatus = 429;
    const limited = await table('folder');
    expect([limited.status, limited.headers.get('retry-after')]).to.deep.equal([429, '7']);
    acme.switches.apiRetryAfterSeconds = 0;
    expect((await table('folder')).headers.get('retry-after')).to.equal(null);
    acme.switches.apiStatus = 500;
    expect((await table('file?target=resource', { method: 'POST', body: 'x' })).status).to.equal(500);
  });

  it('apiDelayMs: answers late', async () => {
    acme.switches.apiDelayMs = 50;
    const began = performance.now();
    await (await table('folder')).text();
    expect(performance.now() - began).to.be.at.least(45);
  });

  it('apiCut: ends the connection in the middle of the answer', async () => {
    acme.switches.apiCut = true;
    const answer = await table('folder');
    expect(await answer.text().catch((error: Error) => error.name)).to.equal('TypeError');
  });

  it('survives a request target that is no URL', async () => {
    const { hostname, port } = new URL(sandbox.apiOrigin);
    const socket = connect(Number(port), hostname);
    socket.write('GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).to.match(/^HTTP\/1\.1 404/);
  });
});
