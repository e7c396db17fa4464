import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { expect } from 'chai';
import { Browser } from '../../support/browser.ts';
import { type Cluster, startCluster, type Worker } from '../../support/processes.ts';
import { exchange, signIn } from '../../support/stack.ts';

const SIZE = 300 * 1024 * 1024;
const MEGABYTE = 1024 * 1024;

describe('bodies through the proxy', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let worker: Worker;
  let authorization: string;

  before(async () => {
    cluster = await startCluster(1);
    [worker] = cluster.workers as [Worker];
    const browser = new Browser(() => worker.origin);
    const { body } = await exchange({ issuer: worker.origin }, await signIn(cluster, browser));
    authorization = `Bearer ${String(body['access_token'])}`;
  });
  after(() => cluster.close());

  /** Resident memory of the provider's process; undefined where the system does not tell. */
  function memory(): number | undefined {
    const file = `/proc/${worker.child.pid}/status`;
    if (!existsSync(file)) return undefined;
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(file, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  }

  function open(
    path: string,
    options: { method?: string; headers?: Record<string, string> } = {},
  ): ClientRequest {
    return request(`${worker.origin}/proxy/api/3.0.0/6M0B/${path}`, {
      ...options,
      headers: { authorization, ...options.headers },
    });
  }

  /** Downloads with pauses wherever `pause` says so; bytes and the peak of memory over what it was before. */
  async function download(
    pause: (bytes: number) => Promise<void>,
  ): Promise<{ bytes: number; grown: number }> {
    const before = memory() ?? 0;
    const call = open(`file?size=${SIZE}`);
    call.end();
    const [response] = await once(call, 'response');
    let bytes = 0;
    let grown = 0;
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length;
      grown = Math.max(grown, (memory() ?? before) - before);
      await pause(bytes);
    }
    return { bytes, grown };
  }

  it('streams 300 MB to an app in constant memory', async () => {
    const { bytes, grown } = await download(async () => undefined);
    expect(bytes).to.equal(SIZE);
    expect(grown).to.be.below(100 * MEGABYTE);
  });

  it('reads no further ahead of a slow app than its buffers', async () => {
    const call = open(`file?size=${SIZE}`);
    call.end();
    const before = memory() ?? 0;
    const [response] = await once(call, 'response');
    // The app reads one chunk and no more; what the proxy takes from IB meanwhile has to stop by itself.
    await once(response, 'readable');
    response.read(1024);
    let last = -1;
    for (let still = 0; still < 20; still += 1) {
      const now = memory() ?? 0;
      if (now > last) still = 0;
      last = Math.max(last, now);
      await fetch(`${worker.origin}/healthz`).then((answer) => answer.arrayBuffer());
    }
    expect(last - before).to.be.below(120 * MEGABYTE);
    response.destroy();
  });

  it('streams 300 MB from an app in constant memory', async () => {
    const before = memory() ?? 0;
    let grown = 0;
    const hash = createHash('sha256');
    const call = open('file?target=resource', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': String(SIZE) },
    });
    const answered = once(call, 'response');
    const chunk = Buffer.alloc(MEGABYTE, 'upload');
    for (let left = SIZE; left > 0; left -= chunk.length) {
      hash.update(chunk);
      if (!call.write(chunk)) await once(call, 'drain');
      grown = Math.max(grown, (memory() ?? before) - before);
    }
    call.end();
    const [response] = await answered;
    let body = '';
    for await (const part of response) body += String(part);
    expect(JSON.parse(body)).to.have.nested.property('response.data.sha256', hash.digest('hex'));
    expect(JSON.parse(body)).to.have.nested.property(
      'response.data.contentType',
      'multipart/form-data; boundary=x',
    );
    expect(grown).to.be.below(100 * MEGABYTE);
  });

  it('waits for a slow app that sends: each piece goes on as it comes', async () => {
    const pieces = 8;
    const call = open('file?target=resource', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': String(pieces * 1024) },
    });
    const answered = once(call, 'response');
    const hash = createHash('sha256');
    for (let piece = 0; piece < pieces; piece += 1) {
      const chunk = Buffer.alloc(1024, String(piece));
      hash.update(chunk);
      call.write(chunk);
      // Other requests are answered meanwhile.
      expect((await fetch(`${worker.origin}/healthz`)).status).to.equal(200);
    }
    call.end();
    const [response] = await answered;
    let body = '';
    for await (const part of response) body += String(part);
    expect(JSON.parse(body)).to.have.nested.property('response.data.sha256', hash.digest('hex'));
  });

  it('ends the call to IB when the app hangs up', async () => {
    const call = open(`file?size=${SIZE}`);
    call.end();
    const [response] = await once(call, 'response');
    await once(response, 'readable');
    response.destroy();
    await once(response, 'close');
    expect((await fetch(`${worker.origin}/healthz`)).status).to.equal(200);
  });
});
