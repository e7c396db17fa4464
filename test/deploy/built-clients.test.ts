import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { builtFileOf, builtText, readBuilt } from '../../config/clients/built.ts';
import { readShape } from '../../config/clients/shape.ts';
import { loadConfig } from '../../config/config.ts';
import { loadConfigWith } from '../../config/load.ts';
import { CLIENTS, WEB_SECRET } from '../support/stack.ts';

describe("a clients' file that was read at the build", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-built-'));
    file = join(folder, 'clients.yaml');
    writeFileSync(file, CLIENTS);
    const shape = readShape('clients.yaml', CLIENTS);
    if ('unreadable' in shape || shape.sound === undefined) throw new Error('the test’s clients are wrong');
    writeFileSync(builtFileOf(file), builtText(CLIENTS, shape.sound));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const loadBuilt = (env: Record<string, string>) => {
    const shape = readBuilt(file);
    if (shape === undefined) throw new Error('not the file of the build');
    return loadConfigWith(() => shape, env);
  };

  it('means what it means when it is read at the start', () => {
    const env = { CLIENTS_FILE: file, WEB_SECRET, DATA_DIR: ':memory:' };
    const [built, read] = [loadBuilt(env), loadConfig(env)];
    expect(read.ok).to.equal(true);
    expect(built).to.deep.equal(read);
  });

  it('is held to the environment it starts in: its secrets and platforms', () => {
    const env = { CLIENTS_FILE: file, DATA_DIR: ':memory:' };
    const [built, read] = [loadBuilt(env), loadConfig(env)];
    expect(built.ok).to.equal(false);
    expect(built).to.deep.equal(read);
  });

  it('counts for the very text that was read, and for no other', () => {
    writeFileSync(file, `${CLIENTS}\n`);
    expect(readBuilt(file)).to.equal(undefined);
    writeFileSync(file, CLIENTS);
    expect(readBuilt(file)).not.to.equal(undefined);
    rmSync(builtFileOf(file));
    expect(readBuilt(file)).to.equal(undefined);
  });
});
