import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { readToChange } from '../../adapters/secrets/change.ts';
import type { SecretsDocument } from '../../adapters/secrets/document.ts';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { takeStep } from '../../adapters/secrets/rotation.ts';
import { Browser } from '../support/browser.ts';
import { freePort } from '../support/processes.ts';
import { exchange, type Stack, signIn, withBearer } from '../support/stack.ts';
import { getJson, startStandards } from '../support/standards.ts';

const DAY = 24 * 3600;
const knownSeconds = { signing_key: 0, cookie_key: 0, pepper: 0 };

describe('a running server whose keys are rotated', () => {
  let folder: string;
  let stack: Stack | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-rotation-'));
  });
  afterEach(async () => {
    await stack?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Gives the server a file, and waits until it has taken it. */
  async function give(running: Stack, path: string, text: string): Promise<void> {
    const reloads = () => running.logs.filter((line) => line.includes('"event":"secrets_reloaded"')).length;
    const before = reloads();
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    await running.logged('secrets_reloaded', () => reloads() > before);
  }

  it('keeps pairwise subjects, those of a file that had no key for them too', async () => {
    const path = join(folder, 'secrets.json');
    const { pairwiseKey: _none, ...made } = await createSecrets(new Date(0));
    const bare = <T extends { status: string }>(entries: readonly T[]) =>
      entries.map(({ status: _status, ...entry }) => entry);
    const older = { ...made, cookieKeys: bare(made.cookieKeys), peppers: bare(made.peppers) };
    writeFileSync(path, JSON.stringify(older), { mode: 0o600 });
    const { stack: running } = await startStandards({ env: { SECRETS_FILE: path, LOG_LEVEL: 'info' } });
    stack = running;
    const subject = async (): Promise<unknown> => {
      const redirect = await signIn(running, new Browser(), { client_id: 'pairwise', scope: 'openid' });
      const { body } = await exchange(running, redirect, 'pairwise');
      return decodeJwt(String(body['id_token'])).sub;
    };
    const before = await subject();
    expect(before).to.match(/^[\w-]{43}$/);
    let { document } = await readToChange({ kind: 'file', path });
    for (const days of [0, 1, 9]) {
      ({ document } = await takeStep(document, { nowSeconds: days * DAY, knownSeconds }));
      await give(running, path, JSON.stringify(document));
    }
    expect(document.peppers.map(({ id }) => id)).to.not.include(made.peppers[0]?.id);
    expect(await subject()).to.equal(before);
  });

  it('keeps the keys that it has where a file is faulty, says so without a key, and takes the mended one', async () => {
    const path = join(folder, 'secrets.json');
    const made = await createSecrets(new Date());
    writeFileSync(path, JSON.stringify(made), { mode: 0o600 });
    const { stack: running } = await startStandards({ env: { SECRETS_FILE: path, LOG_LEVEL: 'info' } });
    stack = running;
    const [key] = made.cookieKeys;
    writeFileSync(path, JSON.stringify({ ...made, cookieKeys: [key, key] }));
    const line = await running.logged('secrets_refused');
    expect(line['faults']).to.deep.equal([`${path}: cookieKeys: must hold exactly one active entry, not 2`]);
    expect(JSON.stringify(line)).to.not.contain(key?.value);
    const redirect = await signIn(running);
    expect((await exchange(running, redirect)).status).to.equal(200);
    const { document } = await takeStep(made, { nowSeconds: DAY, knownSeconds });
    await give(running, path, JSON.stringify(document));
  });

  it('says that the store was written under other keys than those it was given, and takes the former ones back', async () => {
    const path = join(folder, 'secrets.json');
    const made = JSON.stringify(await createSecrets(new Date()));
    writeFileSync(path, made, { mode: 0o600 });
    const port = await freePort();
    const { stack: running } = await startStandards({
      env: { SECRETS_FILE: path, LOG_LEVEL: 'info', METRICS_PORT: String(port) },
    });
    stack = running;
    const isForeign = async (): Promise<string | undefined> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return /^ib_oauth_keys_foreign (\d)$/m.exec(text)?.[1];
    };
    const { body } = await exchange(running, await signIn(running));
    await give(running, path, JSON.stringify(await createSecrets(new Date())));
    expect(await running.logged('keys_foreign')).to.have.property('level', 50);
    expect(await isForeign()).to.equal('1');
    const userinfo = () => withBearer(`${running.issuer}/userinfo`, body['access_token']);
    expect((await userinfo()).status).to.equal(401);
    await give(running, path, made);
    while ((await isForeign()) !== '0');
    expect((await userinfo()).status).to.equal(200);
  });

  it('takes the step that their age asks for by itself, where it keeps them', async () => {
    let now = Date.now();
    const path = join(folder, 'secrets.json');
    const { stack: running } = await startStandards({
      now: () => now,
      env: { DATA_DIR: folder, LOG_LEVEL: 'info' },
    });
    stack = running;
    const published = async (): Promise<number> =>
      ((await getJson(`${running.issuer}/jwks`)) as { keys: unknown[] }).keys.length;
    expect(await published()).to.equal(2);
    now += 90 * DAY * 1000;
    // Any change of the file makes the server look; without one it looks every few minutes.
    const document = JSON.parse(readFileSync(path, 'utf8')) as SecretsDocument;
    writeFileSync(path, JSON.stringify(document));
    await running.logged('keys_rotated');
    await running.logged('secrets_reloaded', () =>
      /keys_rotated.*secrets_reloaded/s.test(running.logs.join('')),
    );
    expect(await published()).to.equal(4);
  });
});
