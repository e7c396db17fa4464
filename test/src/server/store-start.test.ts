import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { startEngine } from '../../support/engines.ts';
import { startProcess, variablesOf } from '../../support/processes.ts';
import { type Ended, runProgram } from '../../support/programs.ts';

/** Where a test runs as root, the user that others' files are refused to. */
const STRANGER = 65534;

describe('a server whose store cannot be used', function () {
  this.timeout(120_000);
  let folder: string;
  let dataDir: string;
  let env: Record<string, string>;
  const database = (): string => join(dataDir, 'ib-oauth.db');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-start-'));
    dataDir = join(folder, 'data');
    const clients = join(folder, 'clients.yaml');
    writeFileSync(clients, 'clients: []\n');
    env = { PORT: '0', CLIENTS_FILE: clients, DATA_DIR: dataDir, LOG_LEVEL: 'silent' };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** One start that serves, and its end: what makes a store that holds data. */
  async function serveOnce(own: Readonly<Record<string, string>> = {}): Promise<void> {
    const { child } = await startProcess({ ...env, ...own });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).to.equal(0);
  }

  function expectOneLine({ code, stdout, stderr }: Ended, line: RegExp): void {
    expect(stderr.trimEnd().split('\n')).to.have.length(1);
    expect(stderr).to.match(line);
    expect(stdout).to.equal('');
    expect(code).to.equal(1);
  }
  const start = (own: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    runProgram('main.ts', { ...env, ...own });

  it('says so in one line and ends with code 1, and so does a command', async () => {
    mkdirSync(dataDir);
    writeFileSync(database(), 'this is no database, and has been here before');
    writeFileSync(join(dataDir, 'secrets.json'), '');
    rmSync(join(dataDir, 'secrets.json'));
    const made = await runProgram('cli/main.ts', env, {
      args: ['secrets', 'create', join(dataDir, 'secrets.json')],
    });
    expect(made.code).to.equal(0);
    const line = /^\S+ib-oauth\.db: it is no database, or damaged; put a backup in its place/;
    expectOneLine(await start(), line);
    expectOneLine(await runProgram('cli/main.ts', env, { args: ['store', 'stats'] }), line);
    expectOneLine(await runProgram('cli/main.ts', env, { args: ['store', 'check'] }), line);
  });

  it('names the files of an earlier version, and what to do', async () => {
    mkdirSync(join(dataDir, 'dynamodb'), { recursive: true });
    writeFileSync(join(dataDir, 'dynamodb', 'CURRENT'), 'MANIFEST-000002\n');
    expectOneLine(await start(), /data\/dynamodb: holds the store of an earlier version.*move it away/);
    renameSync(join(dataDir, 'dynamodb'), join(folder, 'old'));
    await serveOnce();
  });

  it('does not make secrets anew where a store stands on lost ones', async () => {
    await serveOnce();
    const secrets = join(dataDir, 'secrets.json');
    const text = readFileSync(secrets, 'utf8');
    rmSync(secrets);
    const line =
      /secrets\.json: is missing, while \S+ib-oauth\.db holds data written under it; put its backup in place/;
    expectOneLine(await start(), line);
    expectOneLine(await runProgram('cli/main.ts', env, { args: ['store', 'stats'] }), line);
    writeFileSync(secrets, text, { mode: 0o600 });
    await serveOnce();
  });

  for (const storage of ['embedded', 'dynamodb'] as const) {
    it(`does not write under other secrets than the others do (${storage})`, async () => {
      const engine = storage === 'embedded' ? undefined : await startEngine();
      const own = engine === undefined ? {} : variablesOf(engine);
      const files = ['a.json', 'b.json'].map((name) => join(folder, name));
      for (const file of files) {
        await runProgram('cli/main.ts', env, { args: ['secrets', 'create', file] });
      }
      const [ours = '', theirs = ''] = files;
      await serveOnce({ ...own, SECRETS_FILE: ours });
      expectOneLine(
        await start({ ...own, SECRETS_FILE: theirs }),
        /^the store was written under other secrets than these; give this server the secrets of the others/,
      );
      // A rotation: one pepper in common, one more.
      const [mine, other] = [ours, theirs].map(
        (file) => JSON.parse(readFileSync(file, 'utf8')) as { peppers: object[] },
      );
      const rotated = join(folder, 'rotated.json');
      const next = (other?.peppers ?? []).map((pepper) => ({ ...pepper, status: 'next' }));
      const both = [...(mine?.peppers ?? []), ...next];
      writeFileSync(rotated, JSON.stringify({ ...mine, peppers: both }), { mode: 0o600 });
      await serveOnce({ ...own, SECRETS_FILE: rotated });
      await serveOnce({ ...own, SECRETS_FILE: theirs });
      await engine?.close();
    });
  }

  it('says that no folder can be made where the system has none to give', async function () {
    if (process.platform !== 'linux') return this.skip();
    expectOneLine(
      await start({ DATA_DIR: '/proc/ib-oauth' }),
      /^\/proc\/ib-oauth\/secrets\.json: cannot be written \(\w+\)$/m,
    );
    await serveOnce();
    expectOneLine(
      await start({ DATA_DIR: '/proc/ib-oauth', SECRETS_FILE: join(dataDir, 'secrets.json') }),
      /^\/proc\/ib-oauth: the folder cannot be made \(\w+\)$/m,
    );
  });

  it('names the owner of files that are another’s', async function () {
    if (process.geteuid?.() !== 0) return this.skip();
    await serveOnce();
    const secretsText = readFileSync(join(dataDir, 'secrets.json'), 'utf8');
    // The folder can be entered; what is in it cannot be read.
    for (const path of [folder, dataDir]) chmodSync(path, 0o755);
    const ended = await runProgram('main.ts', { ...env, SECRETS_JSON: secretsText }, { uid: STRANGER });
    expectOneLine(
      ended,
      /ib-oauth\.db: it belongs to another user \(0, this process is 65534\); run as that user, or chown it/,
    );
  });

  it('is told apart from one that another process uses: both serve', async () => {
    const first = await startProcess(env);
    const second = await startProcess(env);
    for (const { child } of [first, second]) child.kill('SIGTERM');
    await Promise.all(
      [first, second].map(({ child }) => new Promise((resolve) => child.once('exit', resolve))),
    );
    const db = new DatabaseSync(database(), { readOnly: true });
    expect(db.prepare('PRAGMA integrity_check').get()).to.deep.include({ integrity_check: 'ok' });
    db.close();
  });
});
