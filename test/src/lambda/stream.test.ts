import { hash } from 'node:crypto';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { encodedPath } from '../../../src/lambda/listener.ts';
import { createStreamHandler, type Prelude, type StreamHandler } from '../../../src/lambda/stream.ts';
import { setAwsVariables } from '../../support/aws.ts';
import { type DynamoDbTestEngine, startEngine, TABLES } from '../../support/engines.ts';
import { exchange, type Stack, signIn, startStack, WEB_SECRET } from '../../support/stack.ts';

const MEGABYTE = 1024 * 1024;

/** Where Lambda puts an answer: the prelude goes out with the first write, and without one it is lost. */
class Answer extends Writable {
  prelude: Prelude | undefined;
  readonly chunks: Buffer[] = [];
  bytes = 0;
  readonly #begun: Prelude;
  readonly #onWrite: (bytes: number) => Promise<void>;

  constructor(begun: Prelude, onWrite: (bytes: number) => Promise<void>) {
    super();
    this.#begun = begun;
    this.#onWrite = onWrite;
  }
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.prelude = this.#begun;
    if (this.bytes < MEGABYTE) this.chunks.push(chunk);
    this.bytes += chunk.length;
    this.#onWrite(this.bytes).then(() => done(), done);
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }
}

describe('the function that streams', function () {
  this.timeout(60_000);
  let engine: DynamoDbTestEngine;
  let stack: Stack;
  let handle: StreamHandler;
  let authorization: string;
  let restore: () => void;

  before(async () => {
    engine = await startEngine();
    const secrets = JSON.stringify(await createSecrets(new Date()));
    const env = { STATE_TABLE: TABLES.state, TOKEN_TABLE: TABLES.tokens, SECRETS_JSON: secrets, WEB_SECRET };
    stack = await startStack({ store: { client: engine.client }, env });
    authorization = `Bearer ${(await exchange(stack, await signIn(stack))).body['access_token']}`;
    restore = setAwsVariables(engine);
    handle = createStreamHandler({
      ...env,
      ISSUER: stack.issuer,
      IB_HOSTS: [...stack.sandbox.platforms.map(({ origin }) => origin), stack.sandbox.apiOrigin].join(','),
      CLIENTS_FILE: stack.clientsFile,
      LOG_LEVEL: 'silent',
    });
  });
  after(async () => {
    restore();
    await stack.close();
    await engine.close();
  });

  interface Asked {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly isBase64Encoded?: boolean;
    readonly rawQueryString?: string;
    readonly onWrite?: (bytes: number) => Promise<void>;
  }

  async function call(rawPath: string, asked: Asked = {}): Promise<Answer> {
    const { method = 'GET', headers = {}, onWrite = async () => undefined, ...rest } = asked;
    let answer: Answer | undefined;
    const event = {
      version: '2.0',
      rawPath,
      rawQueryString: '',
      headers: {
        host: 'abc.lambda-url.eu-west-1.on.aws',
        connection: 'keep-alive',
        authorization,
        ...headers,
      },
      requestContext: { http: { method, path: rawPath, sourceIp: '1.2.3.4' } },
      isBase64Encoded: false,
      ...rest,
    };
    await handle(event as never, (prelude) => (answer = new Answer(prelude, onWrite)));
    if (answer === undefined) throw new Error('nothing was begun');
    return answer;
  }
  const API = '/proxy/api/3.0.0/6M0B';

  it('passes on what a whole answer could not hold, as fast as it is taken', async () => {
    const size = 64 * MEGABYTE;
    const answer = await call(`${API}/file`, {
      rawQueryString: `size=${size}`,
      onWrite: () => new Promise((resolve) => setImmediate(resolve)),
    });
    expect(answer.prelude?.statusCode).to.equal(200);
    expect(answer.prelude?.headers).to.include({ 'content-length': String(size) });
    expect(answer.prelude?.headers).to.not.have.any.keys('connection', 'transfer-encoding', 'set-cookie');
    expect(answer.bytes).to.equal(size);
  });

  it('refuses what Lambda would cut', async () => {
    const answer = await call(`${API}/file`, { rawQueryString: 'size=200000001' });
    expect([answer.prelude?.statusCode, JSON.parse(answer.text)['error']]).to.deep.equal([
      413,
      'invalid_request',
    ]);
  });

  it('passes on texts of untold length without the sid', async () => {
    const list = await call(`${API}/resource`);
    expect(list.prelude?.statusCode, list.text).to.equal(200);
    expect(list.text).to.contain('/proxy/').and.not.match(/sid=/);
  });

  it('sends the bodies of requests, byte for byte', async () => {
    const body = Buffer.concat([Buffer.from([0, 255, 128, 10, 13]), Buffer.alloc(100_000, 'x')]);
    const answer = await call(`${API}/file`, {
      method: 'POST',
      rawQueryString: 'target=resource',
      headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': String(body.length) },
      body: body.toString('base64'),
      isBase64Encoded: true,
    });
    const { data } = JSON.parse(answer.text).response;
    expect([data.bytes, data.sha256]).to.deep.equal([body.length, hash('sha256', body, 'hex')]);
  });

  it('takes paths that were decoded on their way', async () => {
    for (const [told, encoded] of [
      ['/a b', '/a%20b'],
      ['/a%20b%2Fc', '/a%20b%2Fc'],
      ['/100%', '/100%25'],
      ['/what?#', '/what%3F%23'],
      ['/ü\u{1f600}', '/%C3%BC%F0%9F%98%80'],
      ['/\ud800', '/%EF%BF%BD'],
      ["/resource('a;b').x,y", "/resource('a;b').x,y"],
    ] as const) {
      expect(encodedPath(told)).to.equal(encoded);
    }
    expect((await call(`${API}/no such table`)).prelude?.statusCode).to.equal(400);
  });

  it('sends the head of an answer that has no body', async () => {
    const answer = await call(`${API}/resource`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    });
    expect([answer.prelude?.statusCode, answer.bytes]).to.deep.equal([204, 0]);
    expect(answer.prelude?.headers['access-control-allow-origin']).to.equal('https://app.example');
  });

  it('refuses a call without a token as the server does', async () => {
    const answer = await call(`${API}/resource`, { headers: { authorization: '' } });
    expect(answer.prelude?.statusCode).to.equal(401);
    expect(answer.prelude?.headers['www-authenticate']).to.contain('resource_metadata=');
  });

  it('serves nothing but the proxy', async () => {
    for (const path of ['/token', '/authorize', '/', '/proxyx', '//proxy/api', '/account']) {
      const answer = await call(path, { method: 'POST' });
      expect(answer.prelude?.statusCode, path).to.equal(404);
    }
  });

  it('ends the call to IB when an answer is cut, and says that it was', async () => {
    const cut = call(`${API}/file`, {
      rawQueryString: `size=${64 * MEGABYTE}`,
      onWrite: async (bytes) => {
        if (bytes > MEGABYTE) throw new Error('gone');
      },
    });
    expect(await cut.catch((error: unknown) => String(error))).to.contain('gone');
  });
});
