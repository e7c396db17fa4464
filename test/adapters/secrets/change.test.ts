import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readToChange } from '../../../adapters/secrets/change.ts';
import { parseSecretsText, type SecretsDocument } from '../../../adapters/secrets/document.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { useNock } from '../../support/nock.ts';

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:ib-oauth';
const faultsOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: { readonly code: string; readonly faults: readonly string[] }) => [error.code, ...error.faults],
  );

describe('changing the keys', () => {
  let first: SecretsDocument;
  let second: SecretsDocument;
  before(async () => {
    [first, second] = await Promise.all([createSecrets(new Date(0)), createSecrets(new Date(1e12))]);
  });

  describe('in a file', () => {
    let folder: string;
    let path: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ib-oauth-change-'));
      path = join(folder, 'secrets.json');
      writeFileSync(path, JSON.stringify(first), { mode: 0o600 });
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it('replaces it as a whole, its mode and a link to it kept, nothing left beside it', async () => {
      const link = join(folder, 'link.json');
      symlinkSync(path, link);
      chmodSync(path, 0o640);
      await (await readToChange({ kind: 'file', path: link })).replace(second);
      expect(await parseSecretsText(path, readFileSync(path, 'utf8'))).to.deep.equal(second);
      expect(statSync(path).mode & 0o777).to.equal(0o640);
      expect(readdirSync(folder).sort()).to.deep.equal(['link.json', 'secrets.json']);
    });

    it('does nothing where somebody else was faster', async () => {
      const [mine, theirs] = [
        await readToChange({ kind: 'file', path }),
        await readToChange({ kind: 'file', path }),
      ];
      await theirs.replace(second);
      expect(await faultsOf(mine.replace(first))).to.deep.equal([
        'secrets_changed',
        `${path}: was changed meanwhile; nothing is done`,
      ]);
      expect((await readToChange({ kind: 'file', path })).document).to.deep.equal(second);
    });

    it('says where it may not be written', async () => {
      const kept = await readToChange({ kind: 'file', path });
      rmSync(path);
      expect(await faultsOf(kept.replace(second))).to.deep.equal([
        'secrets_unwritable',
        `${path}: cannot be written (ENOENT)`,
      ]);
    });
  });

  describe('in Secrets Manager', () => {
    const nock = useNock();
    const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const environment = new Map(names.map((name) => [name, process.env[name]]));
    before(() => {
      for (const name of names) process.env[name] = 'test';
    });
    after(() => {
      for (const [name, value] of environment) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    afterEach(() => nock.cleanAll());

    const answers = (target: string, answer: unknown, written?: (body: { SecretString: string }) => void) =>
      nock('https://secretsmanager.eu-west-1.amazonaws.com')
        .post('/', (body) => {
          written?.(body);
          return true;
        })
        .matchHeader('x-amz-target', `secretsmanager.${target}`)
        .reply(200, JSON.stringify(answer), { 'content-type': 'application/x-amz-json-1.1' });
    const stages = (...all: string[][]) => ({
      VersionIdsToStages: Object.fromEntries(all.map((list, index) => [`v${index}`, list])),
    });
    const holds = (document: SecretsDocument) =>
      answers('GetSecretValue', { ARN, SecretString: JSON.stringify(document) });

    it('makes the new keys the current version', async () => {
      answers('DescribeSecret', stages(['AWSCURRENT', 'AWSPENDING'], ['AWSPREVIOUS']));
      holds(first);
      holds(first);
      let written = '';
      answers('PutSecretValue', { ARN }, ({ SecretString }) => {
        written = SecretString;
      });
      const kept = await readToChange({ kind: 'secrets_manager', arn: ARN });
      expect(kept.document).to.deep.equal(first);
      await kept.replace(second);
      expect(await parseSecretsText('written', written)).to.deep.equal(second);
    });

    it('does nothing while the service rotates them, which would undo it', async () => {
      answers('DescribeSecret', stages(['AWSCURRENT'], ['AWSPENDING']));
      holds(first);
      expect(await faultsOf(readToChange({ kind: 'secrets_manager', arn: ARN }))).to.deep.equal([
        'secrets_changed',
        `${ARN}: is being rotated; nothing is done, try again in a minute`,
      ]);
    });

    it('does nothing where somebody else was faster', async () => {
      answers('DescribeSecret', stages(['AWSCURRENT']));
      holds(first);
      holds(second);
      const kept = await readToChange({ kind: 'secrets_manager', arn: ARN });
      expect(await faultsOf(kept.replace(first))).to.deep.equal([
        'secrets_changed',
        `${ARN}: was changed meanwhile; nothing is done`,
      ]);
    });
  });
});
