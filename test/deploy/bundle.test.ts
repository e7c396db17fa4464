import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { writeNewSecretsFile } from '../../adapters/secrets/file.ts';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { makeTables, startDynalite } from '../support/dynalite.ts';
import { CLIENTS, WEB_SECRET } from '../support/stack.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

/** What Lambda does with the bundle: imports the handler and gives it events. */
const PLAY = `
const { handler } = await import(process.argv[1]);
const answers = [];
for (const path of process.argv.slice(2)) {
  const { statusCode, body } = await handler({ version: '2.0', routeKey: '$default', rawPath: path.split('?')[0],
    rawQueryString: path.split('?')[1] ?? '', headers: { host: 'id.acme.example', accept: 'application/json' },
    requestContext: { http: { method: 'GET', path, sourceIp: '192.0.2.1' }, stage: '$default' }, isBase64Encoded: false }, {});
  answers.push({ path, statusCode, body });
}
console.log(JSON.stringify(answers)); process.exit(0);
`;

describe("the functions' bundle", function () {
  this.timeout(60_000);

  it('answers, and has what its pages need', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-bundle-'));
    const dynamodb = await startDynalite();
    await makeTables(dynamodb.client, { state: 'ib-oauth-state-dev', tokens: 'ib-oauth-tokens-dev' });
    await run(process.execPath, [join(ROOT, 'scripts/build-lambda.ts')]);
    // Nothing of the code base is beside it on Lambda.
    cpSync(join(ROOT, 'dist/function'), folder, { recursive: true });
    writeFileSync(join(folder, 'config/clients.yaml'), CLIENTS);
    const secretsFile = join(folder, 'secrets.json');
    await writeNewSecretsFile(secretsFile, await createSecrets(new Date()));
    const paths = ['/.well-known/openid-configuration', '/authorize?client_id=nobody', '/readyz'];
    const { stdout } = await run(
      process.execPath,
      ['--input-type=module', '-e', PLAY, join(folder, 'src/lambda/handler.mjs'), ...paths],
      {
        cwd: folder,
        env: {
          ISSUER: 'https://id.acme.example',
          STORAGE: 'dynamodb',
          SECRETS_FILE: secretsFile,
          AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
          AWS_REGION: 'local',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
          WEB_SECRET,
        },
      },
    );
    const [line = ''] = /^\[\{"path".*$/m.exec(stdout) ?? [];
    const answers = JSON.parse(line) as { path: string; statusCode: number; body: string }[];
    expect(answers.map(({ statusCode }) => statusCode)).to.deep.equal([200, 400, 200]);
    expect(answers[0]?.body).to.contain('"issuer":"https://id.acme.example"');
    await dynamodb.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is ASCII where it is loaded at each start: V8 reads other files in two bytes a letter', async () => {
    await run(process.execPath, [join(ROOT, 'scripts/build-lambda.ts')]);
    const others: string[] = [];
    const seen = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const code = readFileSync(file, 'utf8');
      const [other] = /.{0,40}\P{ASCII}.{0,40}/u.exec(code) ?? [];
      if (other !== undefined) others.push(other);
      for (const [, path = ''] of code.matchAll(/\bimport\s*(?:[^"'()]+?from\s*)?["'](\.[^"']+)["']/g))
        follow(join(dirname(file), path));
    };
    follow(join(ROOT, 'dist/function/src/lambda/handler.mjs'));
    expect(seen.size).to.be.above(3);
    expect(others).to.deep.equal([]);
  });
});
