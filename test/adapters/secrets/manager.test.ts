import { expect } from 'chai';
import type { SecretsDocument } from '../../../adapters/secrets/document.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { loadSecrets } from '../../../adapters/secrets/secrets.ts';
import { useNock } from '../../support/nock.ts';
import { ARN, failure, NOW } from './loading.ts';

describe('secrets from Secrets Manager', () => {
  let made: SecretsDocument;
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
  const environment = new Map(names.map((name) => [name, process.env[name]]));
  const nock = useNock();
  before(async () => {
    made = await createSecrets(NOW);
    for (const name of names) process.env[name] = 'test';
  });
  after(() => {
    for (const [name, value] of environment) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const answers = (status: number, body: unknown) =>
    nock('https://secretsmanager.eu-west-1.amazonaws.com')
      .post('/', { SecretId: ARN })
      .reply(status, JSON.stringify(body), { 'content-type': 'application/x-amz-json-1.1' });

  it('are asked for in the region of the ARN', async () => {
    const asked = answers(200, { ARN, SecretString: JSON.stringify(made) });
    const { cookieKeys } = await loadSecrets({ kind: 'secrets_manager', arn: ARN });
    expect(cookieKeys).to.deep.equal([made.cookieKeys[0]?.value]);
    expect(asked.isDone()).to.equal(true);
  });

  it('may be stored as bytes', async () => {
    answers(200, { ARN, SecretBinary: Buffer.from(JSON.stringify(made)).toString('base64') });
    const { peppers } = await loadSecrets({ kind: 'secrets_manager', arn: ARN });
    expect(peppers[0]?.id).to.equal(made.peppers[0]?.id);
  });

  it('say which ARN may not be read', async () => {
    answers(400, { __type: 'AccessDeniedException', message: 'no' });
    const error = await failure(loadSecrets({ kind: 'secrets_manager', arn: ARN }));
    expect(error.faults).to.deep.equal([`${ARN}: cannot be read (AccessDeniedException)`]);
  });
});
