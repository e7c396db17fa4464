import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { withAddresses } from '../../../src/telemetry/audit-addresses.ts';
import { type AuditTrouble, openAuditFile } from '../../../src/telemetry/audit-file.ts';
import { Browser } from '../../support/browser.ts';
import { logged, startProcess } from '../../support/processes.ts';
import { runProgram } from '../../support/programs.ts';
import { signIn, startStack } from '../../support/stack.ts';

describe('the audit stream’s file', () => {
  let folder: string;
  let path: string;
  let now = Date.now();
  let troubles: AuditTrouble[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-audit-'));
    path = join(folder, 'audit.log');
    troubles = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (mostBytes?: number) =>
    openAuditFile({
      path,
      mostBytes,
      isRequired: true,
      onTrouble: (trouble) => troubles.push(trouble),
      now: () => now,
    });
  const read = (name = 'audit.log') => readFileSync(join(folder, name), 'utf8');

  it('is written on in a new file when another program has moved it away, or deleted it', () => {
    const file = open();
    file.write('one\n');
    renameSync(path, join(folder, 'moved'));
    file.write('two\n');
    unlinkSync(path);
    file.write('three\n');
    expect([read('moved'), read()]).to.deep.equal(['one\n', 'three\n']);
  });

  it('is moved aside at its size, and no line is lost or torn, of several writers either', () => {
    const writers = [open(100), open(100), open(100)];
    const lines = Array.from({ length: 60 }, (_, at) => `${'x'.repeat(20)}${at}\n`);
    for (const [at, line] of lines.entries()) writers[at % 3]?.write(line);
    const names = readdirSync(folder);
    expect(names.length).to.be.above(8);
    for (const name of names) expect(read(name).length).to.be.below(130);
    const all = names.flatMap((name) => read(name).split('\n').filter(Boolean));
    expect(all.sort()).to.deep.equal(lines.map((line) => line.trim()).sort());
  });

  it('keeps what it cannot write, tells once, and writes it first when it can', () => {
    const file = open();
    file.write('one\n');
    rmSync(path);
    // A full disk, as a file.
    symlinkSync('/dev/full', path);
    file.write('two\n');
    file.write('three\n');
    expect(file.isWritable()).to.equal(false);
    unlinkSync(path);
    expect(file.isWritable(), 'within a second it is not tried again').to.equal(false);
    now += 1000;
    expect(file.isWritable()).to.equal(true);
    file.write('four\n');
    expect(read()).to.equal('two\nthree\nfour\n');
    expect(troubles.map((trouble) => ('error' in trouble ? trouble.error.code : trouble))).to.deep.equal([
      'ENOSPC',
      { lost: 0 },
    ]);
  });

  it('holds as much of addresses as the operator wants', () => {
    const facts = (address: string) => ({ address, browser: 'B', startedFrom: { address, browser: 'B' } });
    const kept = (address: string, how: 'whole' | 'cut' | 'off') => withAddresses(facts(address), how);
    expect(kept('203.0.113.77', 'whole')).to.deep.equal(facts('203.0.113.77'));
    expect(kept('203.0.113.77', 'cut')).to.deep.equal(facts('203.0.113.0/24'));
    expect(kept('2001:db8:1234:5678::9', 'cut')).to.deep.equal(facts('2001:db8:1234::/48'));
    expect(kept('', 'cut')).to.deep.equal(facts(''));
    expect(kept('203.0.113.77', 'off')).to.deep.equal({ browser: 'B', startedFrom: { browser: 'B' } });
  });

  it('has nothing of a user’s address where it is cut or off, in the lines of a whole sign-in', async () => {
    for (const [addresses, wanted] of [
      ['cut', '127.0.0.0/24'],
      ['off', undefined],
    ] as const) {
      const stack = await startStack({ env: { AUDIT_FILE: path, AUDIT_ADDRESSES: addresses } });
      try {
        await signIn(stack, new Browser());
      } finally {
        await stack.close();
      }
      const lines = read()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const signedIn = lines.find(({ audit }) => audit === 'signed_in');
      expect(signedIn?.['address']).to.equal(wanted);
      expect(signedIn).to.include.keys('browser', 'startedFrom');
      expect(read()).to.not.contain('127.0.0.1"');
      rmSync(path);
    }
  });

  it('stops what would have to be told while it cannot be written, where that is the setting', async () => {
    const stack = await startStack({ env: { AUDIT_FILE: path } });
    try {
      const first = new Browser();
      await signIn(stack, first);
      rmSync(path);
      symlinkSync('/dev/full', path);
      await signIn(stack, new Browser()).catch(() => undefined);
      const ask = async (at: string) => (await fetch(stack.issuer + at)).status;
      expect(await ask('/readyz')).to.equal(503);
      expect(await ask('/account')).to.equal(503);
      expect(await ask('/healthz')).to.equal(200);
      expect(await stack.logged('audit_unwritable')).to.include({ level: 50, error: 'ENOSPC' });
      expect(stack.logs.join('')).to.not.contain('"event":"failed"');
      unlinkSync(path);
      while ((await ask('/readyz')) !== 200);
      const kept = read();
      expect(kept, 'what could not be written').to.contain('sign_in_started');
    } finally {
      await stack.close();
    }
  });

  it('stops nothing where that is the setting, and tells', async () => {
    const stack = await startStack({ env: { AUDIT_FILE: path, AUDIT_UNWRITABLE: 'continue' } });
    try {
      rmSync(path);
      symlinkSync('/dev/full', path);
      const { searchParams } = await signIn(stack, new Browser());
      expect(searchParams.get('code')).to.be.a('string');
      await stack.logged('audit_unwritable');
    } finally {
      await stack.close();
    }
  });

  it('is told at start where it cannot be written, by its own name, or gone on without', async () => {
    writeFileSync(join(folder, 'no-folder'), '');
    const env = { PORT: '0', DATA_DIR: ':memory:', AUDIT_FILE: join(folder, 'no-folder', 'audit.log') };
    const refused = await runProgram('main.ts', env);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(
      /^AUDIT_FILE: cannot be written \(\w+\); with AUDIT_UNWRITABLE=continue [^\n]*\n$/,
    );
    const { child, output } = await startProcess({ ...env, AUDIT_UNWRITABLE: 'continue' });
    // The log is written a moment after what it tells.
    await logged({ origin: '', child, output }, 'audit_unwritable', 0);
    child.kill('SIGTERM');
  });

  it('is opened anew by a server on SIGHUP', async () => {
    const { child } = await startProcess({ PORT: '0', DATA_DIR: ':memory:', AUDIT_FILE: path });
    try {
      unlinkSync(path);
      child.kill('SIGHUP');
      while (!readdirSync(folder).includes('audit.log'))
        await new Promise((resolve) => setImmediate(resolve));
      expect(read()).to.satisfy((text: string) => text === '' || text.startsWith('{'));
    } finally {
      child.kill('SIGTERM');
    }
  });

  it('notes commands; one that cannot be noted is not done', async () => {
    writeFileSync(join(folder, 'clients.yaml'), 'clients: []\n');
    writeFileSync(join(folder, 'no-folder'), '');
    const env = {
      CLIENTS_FILE: join(folder, 'clients.yaml'),
      AUDIT_FILE: join(folder, 'no-folder', 'a.log'),
    };
    const args = ['client', 'add', 'x', '--public', '--redirect-uri', 'https://x.example/cb'];
    const refused = await runProgram('cli/main.ts', env, { args });
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^AUDIT_FILE: cannot be written \(\w+\); nothing is done\n$/);
    expect(read('clients.yaml')).to.equal('clients: []\n');
    const done = await runProgram('cli/main.ts', { ...env, AUDIT_FILE: path }, { args });
    expect(done.code).to.equal(0);
    expect(read()).to.contain('"command":"client add"');
  });
});
