import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { createDynamoDbEngine } from '../../../adapters/store/engines/dynamodb.ts';
import { StoreError } from '../../../adapters/store/errors.ts';
import { openStore, TABLES, type TestStore } from '../../support/engines.ts';

type Answer = (response: ServerResponse) => void;

const json = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
const found: Answer = (response) => json(response, 200, {});
const fault =
  (name: string, status = 400): Answer =>
  (response) =>
    json(response, status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'secret detail' });
const silence: Answer = () => undefined;
const cut: Answer = (response) => response.destroy();

for (const transport of ['undici', 'node'] as const)
  describe(`DynamoDB's faults over ${transport}`, () => {
    /** Answers to come, in turn; then all is well. */
    let answers: Answer[] = [];
    let asked = 0;
    let store: TestStore;
    let operations: string[] = [];
    const dynamodb = createServer((request, response) => {
      asked += 1;
      operations.push(String(request.headers['x-amz-target']).replace(/^.*\./, ''));
      request.resume();
      (answers.shift() ?? found)(response);
    });

    before(async () => {
      dynamodb.listen(0, '127.0.0.1');
      await once(dynamodb, 'listening');
    });
    after(() => {
      dynamodb.close();
      dynamodb.closeAllConnections();
    });
    const open = (settings: object = {}): Promise<TestStore> => {
      const endpoint = `http://127.0.0.1:${(dynamodb.address() as AddressInfo).port}`;
      const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
      const client = { endpoint, region: 'local', credentials, ...settings };
      return openStore({
        open: async (onCall) =>
          createDynamoDbEngine({ tables: TABLES, client, transport, ...(onCall && { onCall }) }),
      });
    };
    beforeEach(async () => {
      answers = [];
      asked = 0;
      operations = [];
      store = await open();
    });
    afterEach(() => store.close());

    const find = (of = store) => of.unit(async () => of.adapter('Interaction').find('x'));
    const errorOf = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => undefined,
        (error: unknown) => error,
      );
    const times = (count: number, answer: Answer): Answer[] => Array.from({ length: count }, () => answer);

    for (const [name, code, attempts] of [
      ['ResourceNotFoundException', 'failed', 1],
      ['ValidationException', 'failed', 1],
      ['AccessDeniedException', 'denied', 1],
      ['UnrecognizedClientException', 'denied', 1],
      ['ExpiredTokenException', 'denied', 1],
      ['InvalidSignatureException', 'denied', 1],
      ['MissingAuthenticationTokenException', 'denied', 1],
      ['InternalServerError', 'unavailable', 4],
    ] as const) {
      it(`${name} is ${code}, told by its name, without its message, after ${attempts} attempts`, async () => {
        answers = times(4, fault(name, name === 'InternalServerError' ? 500 : 400));
        const error = await errorOf(find());
        expect(error).to.be.an.instanceOf(StoreError).and.include({ code, engineError: name });
        expect(String(error)).to.not.contain('secret detail');
        expect(store.calls).to.have.length(1);
        expect(store.calls[0]).to.include({ outcome: code, error: name, attempts });
        expect(asked).to.equal(attempts);
      });
    }

    for (const name of [
      'ProvisionedThroughputExceededException',
      'ThrottlingException',
      'RequestLimitExceeded',
    ]) {
      it(`${name} is asked again, and throttled where that is not wanted`, async () => {
        answers = [fault(name)];
        expect(await find()).to.equal(undefined);
        expect(store.calls[0]).to.include({ outcome: 'ok', attempts: 2 });
        const hasty = await open({ maxAttempts: 1 });
        answers = [fault(name)];
        expect(await errorOf(find(hasty))).to.include({ code: 'throttled', engineError: name });
        expect(hasty.calls[0]).to.include({ outcome: 'throttled', attempts: 1 });
        await hasty.close();
      });
    }

    it('credentials that cannot be had are denied, and nothing was sent', async () => {
      const bare = await open({
        credentials: () =>
          Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
      });
      expect(await errorOf(find(bare))).to.include({
        code: 'denied',
        engineError: 'CredentialsProviderError',
      });
      expect(bare.calls[0]).to.include({ attempts: 0 });
      await bare.close();
    });

    it('a connection that is cut is tried again', async () => {
      answers = [cut];
      expect(await find()).to.equal(undefined);
      expect(store.calls[0]).to.include({ outcome: 'ok', attempts: 2 });
    });

    it('an empty answer is none, and asked for again: it would say that nothing is there', async () => {
      const empty: Answer = (response) => response.end();
      answers = [empty];
      expect(await find()).to.equal(undefined);
      expect(store.calls[0]).to.include({ outcome: 'ok', attempts: 2 });
      answers = times(4, empty);
      expect(await errorOf(find())).to.include({ code: 'unavailable', engineError: 'ConnectionError' });
    });

    it('no answer is told, and not waited for again', async () => {
      answers = [silence];
      expect(await errorOf(find())).to.include({ code: 'unavailable', engineError: 'NoAnswerError' });
      expect(store.calls[0]).to.include({ outcome: 'unavailable', attempts: 1 });
      expect(await find()).to.equal(undefined);
      expect(asked).to.equal(2);
    });

    it('while it does not answer others are told at once, and one call tries whether it is back', async () => {
      answers = times(5, silence);
      const first = await Promise.all(Array.from({ length: 5 }, () => errorOf(find())));
      for (const error of first) expect(error).to.include({ engineError: 'NoAnswerError' });
      const refused = await Promise.all(Array.from({ length: 100 }, () => errorOf(find())));
      for (const error of refused)
        expect(error).to.include({ code: 'unavailable', engineError: 'CircuitOpen' });
      expect(store.calls.at(-1)).to.include({ attempts: 0, error: 'CircuitOpen' });
      expect(asked, 'nothing more was sent').to.equal(5);
      while ((await errorOf(find())) !== undefined) await setTimeout(20);
      expect(asked, 'the first call after a while went out').to.equal(6);
      expect(await find()).to.equal(undefined);
    });

    it('a call that is throttled for longer than it may take is throttled', async () => {
      const short = await open({ limits: { attemptMs: 60_000, callMs: 300 } });
      answers = [fault('ThrottlingException'), silence];
      expect(await errorOf(find(short))).to.include({
        code: 'throttled',
        engineError: 'ThrottlingException',
      });
      await short.close();
    });

    it('a throttled store is not taken for one that is away', async () => {
      const hasty = await open({ maxAttempts: 1 });
      answers = times(20, fault('ThrottlingException'));
      for (let turn = 0; turn < 20; turn += 1) {
        expect(await errorOf(find(hasty))).to.include({ code: 'throttled' });
      }
      expect(await find(hasty)).to.equal(undefined);
      await hasty.close();
    });

    it('a batch that is taken in part is finished', async () => {
      const item = { PutRequest: { Item: { pk: { S: 'x' }, expires: { N: '1' } } } };
      answers = [
        (response) => json(response, 200, { UnprocessedItems: { 'ib-oauth-state-test': [item] } }),
        (response) => json(response, 200, { UnprocessedItems: {} }),
      ];
      await store.unit(async () => {
        for (const id of ['a', 'b']) await store.adapter('Interaction').upsert(id, { jti: id } as never, 60);
      });
      expect(asked).to.equal(2);
    });

    it('fail the unit although the handler has swallowed them: no half-done answer is a success', async () => {
      answers = [fault('ValidationException')];
      const error = await errorOf(
        store.unit(async () => {
          await errorOf(store.adapter('Interaction').find('x') as Promise<unknown>);
          return 'success';
        }),
      );
      expect(error).to.be.an.instanceOf(StoreError);
    });

    it('fail the unit as themselves where the handler broke over them', async () => {
      answers = [fault('ValidationException')];
      const error = await errorOf(
        store.unit(async () => {
          await errorOf(store.adapter('Interaction').find('x') as Promise<unknown>);
          throw new TypeError('of something that was not read');
        }),
      );
      expect(error).to.be.an.instanceOf(StoreError);
    });

    it('leave a proof (`jti`) unused where what it was sent for could not be written', async () => {
      const hasty = await open({ maxAttempts: 1 });
      answers = [found, found, fault('ThrottlingException')];
      const error = await errorOf(
        hasty.unit(async () => {
          await hasty.adapter('ReplayDetection').find('jti');
          await hasty.adapter('ReplayDetection').upsert('jti', { jti: 'jti' } as never, 60);
          await hasty.adapter('DeviceCode').consume('code');
        }),
      );
      expect(error).to.include({ code: 'throttled' });
      expect(operations).to.deep.equal(['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem']);
      await hasty.close();
    });

    it('change nothing of what has been decided, where what is only noted besides meets them', async () => {
      const hasty = await open({ maxAttempts: 1 });
      answers = [found, found, found, fault('ThrottlingException')];
      await hasty.unit(async () => {
        await hasty.adapter('Client').find('app');
        await hasty.adapter('DeviceCode').consume('code');
        await hasty.adapter('ClientCredentials').upsert('new', { jti: 'new' } as never, 60);
        await hasty.adapter('Client').upsert('app', { client_id: 'app' } as never, 60);
      });
      expect(operations).to.deep.equal(['GetItem', 'PutItem', 'UpdateItem', 'PutItem']);
      expect(hasty.calls.at(-1)).to.include({ outcome: 'throttled' });
      await hasty.close();
    });
  });
