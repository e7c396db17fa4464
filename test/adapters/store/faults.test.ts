import { expect } from 'chai';
import { StoreError } from '../../../adapters/store/errors.ts';
import { openStore } from '../../support/engines.ts';
import { useNock } from '../../support/nock.ts';

const ORIGIN = 'http://dynamodb.test:8000';
const engine = {
  client: {
    endpoint: ORIGIN,
    region: 'local',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  },
  endpoint: ORIGIN,
  accessKeyId: 'a',
  close: async () => undefined,
};

describe("DynamoDB's errors", () => {
  const store = openStore(engine);
  const nock = useNock();
  afterEach(() => nock.cleanAll());
  after(() => store.close());

  const failing = (name: string, status = 400) =>
    nock(ORIGIN)
      .post('/')
      .reply(
        status,
        { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'secret detail' },
        { 'content-type': 'application/x-amz-json-1.0' },
      );
  const find = () => store.unit(async () => store.adapter('Interaction').find('x'));
  const errorOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  for (const [name, code] of [
    ['ProvisionedThroughputExceededException', 'throttled'],
    ['ThrottlingException', 'throttled'],
    ['RequestLimitExceeded', 'throttled'],
    ['InternalServerError', 'unavailable'],
    ['ResourceNotFoundException', 'failed'],
    ['ValidationException', 'failed'],
    ['AccessDeniedException', 'failed'],
    ['UnrecognizedClientException', 'failed'],
  ] as const) {
    it(`${name} is ${code}, with its name and without its message`, async () => {
      failing(name, name === 'InternalServerError' ? 500 : 400);
      const error = await errorOf(find());
      expect(error).to.be.an.instanceOf(StoreError).and.include({ code, engineError: name });
      expect(String(error)).to.not.contain('secret detail');
    });
  }

  it('a connection that fails is unavailable', async () => {
    nock(ORIGIN)
      .post('/')
      .replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect(await errorOf(find())).to.include({ code: 'unavailable' });
  });

  it('a batch that is taken in part is finished, or fails as throttled', async () => {
    const item = { PutRequest: { Item: { pk: { S: 'x' }, expires: { N: '1' } } } };
    const json = { 'content-type': 'application/x-amz-json-1.0' };
    nock(ORIGIN)
      .post('/')
      .reply(200, { UnprocessedItems: { 'ib-oauth-state-test': [item] } }, json);
    nock(ORIGIN).post('/').reply(200, { UnprocessedItems: {} }, json);
    const write = () =>
      store.unit(async () => {
        for (const id of ['a', 'b']) await store.adapter('Interaction').upsert(id, { jti: id } as never, 60);
      });
    await write();
    expect(nock.isDone()).to.equal(true);
  });

  it('fail the unit although the handler has swallowed them: no half-done answer is a success', async () => {
    failing('ThrottlingException');
    const error = await errorOf(
      store.unit(async () => {
        await errorOf(store.adapter('Interaction').find('x') as Promise<unknown>);
        return 'success';
      }),
    );
    expect(error).to.be.an.instanceOf(StoreError);
  });
});
