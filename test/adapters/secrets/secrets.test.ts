import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { importJWK, type JWK, SignJWT } from 'jose';
import type { SecretsDocument } from '../../../adapters/secrets/document.ts';
import { writeNewSecretsFile } from '../../../adapters/secrets/file.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { loadSecrets, openSecrets } from '../../../adapters/secrets/secrets.ts';
import { failure, from, NOW } from './loading.ts';

describe('the secrets', () => {
  let made: SecretsDocument;
  before(async () => {
    made = await createSecrets(NOW);
  });
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  describe('made on first start', () => {
    it('are an RS256 key of 2048 bits, an ES256 key, a cookie key and a pepper of 32 bytes', async () => {
      const { signingKeys, cookieKeys, peppers } = await from(made);
      expect(signingKeys.map(({ alg, use, kty }) => ({ alg, use, kty }))).to.deep.equal([
        { alg: 'RS256', use: 'sig', kty: 'RSA' },
        { alg: 'ES256', use: 'sig', kty: 'EC' },
      ]);
      expect(Buffer.from(signingKeys[0]?.n ?? '', 'base64url')).to.have.length(256);
      expect(new Set(signingKeys.map(({ kid }) => kid)).size).to.equal(2);
      expect(Buffer.from(cookieKeys[0] ?? '', 'base64url')).to.have.length(32);
      expect(peppers[0]?.key).to.have.length(32);
      expect(made.signingKeys[0]).to.include({ status: 'active', createdAt: NOW.getTime() / 1000 });
    });

    it('sign', async () => {
      const { signingKeys } = await from(made);
      for (const jwk of signingKeys) {
        const key = await importJWK(jwk as JWK);
        expect(await new SignJWT({}).setProtectedHeader({ alg: jwk.alg ?? '' }).sign(key)).to.match(/^ey/);
      }
    });

    it('are kept in a file that only its owner may read, with nothing left beside it', async () => {
      const path = join(folder, 'data', 'secrets.json');
      const first = await loadSecrets({ kind: 'generated', path });
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(statSync(join(folder, 'data')).mode & 0o777).to.equal(0o700);
      expect(readdirSync(join(folder, 'data'))).to.deep.equal(['secrets.json']);
      expect(await loadSecrets({ kind: 'generated', path })).to.deep.equal(first);
    });

    it('are the same for processes that start at once', async () => {
      const path = join(folder, 'secrets.json');
      const all = await Promise.all(
        Array.from({ length: 8 }, () => loadSecrets({ kind: 'generated', path })),
      );
      expect(new Set(all.map(({ cookieKeys }) => cookieKeys[0])).size).to.equal(1);
      expect(readdirSync(folder)).to.deep.equal(['secrets.json']);
    });

    it('never replace a file that is there, faulty as it may be', async () => {
      const path = join(folder, 'secrets.json');
      writeFileSync(path, 'mine', { mode: 0o600 });
      expect(await writeNewSecretsFile(path, made)).to.equal(false);
      expect((await failure(loadSecrets({ kind: 'generated', path }))).faults).to.deep.equal([
        `${path}: is not JSON`,
      ]);
      expect(readFileSync(path, 'utf8')).to.equal('mine');
    });

    it('stay in memory where the store does', async () => {
      const secrets = await loadSecrets({ kind: 'generated', path: ':memory:' });
      expect(secrets.signingKeys).to.have.length(2);
      expect(existsSync(':memory:')).to.equal(false);
    });

    it('cannot be made where nothing may be written', async () => {
      writeFileSync(join(folder, 'file'), '');
      const path = join(folder, 'file', 'secrets.json');
      const error = await failure(loadSecrets({ kind: 'generated', path }));
      expect(error.faults[0]).to.match(/: cannot be (written|read) \(ENOTDIR\)$/);
    });
  });

  describe('read from a file', () => {
    it('warn where others may read it', async () => {
      const path = join(folder, 'secrets.json');
      const warnings: string[] = [];
      const load = () => loadSecrets({ kind: 'file', path }, { warn: (warning) => warnings.push(warning) });
      expect(await writeNewSecretsFile(path, made)).to.equal(true);
      await load();
      expect(warnings).to.deep.equal([]);
      chmodSync(path, 0o640);
      await load();
      expect(warnings).to.deep.equal([`${path}: can be read by others (chmod 600)`]);
    });

    it('say how to make a file that is missing', async () => {
      const error = await failure(loadSecrets({ kind: 'file', path: '/none/secrets.json' }));
      expect(error.code).to.equal('secrets_unreadable');
      expect(error.faults).to.deep.equal([
        '/none/secrets.json: does not exist; make it with: npm run ib-oauth -- secrets create /none/secrets.json',
      ]);
    });
  });

  describe('in a file of before keys had a status', () => {
    /** Two cookie keys, two peppers, no pairwise key; in no order. */
    async function older() {
      const old = await createSecrets(new Date(0));
      const bare = <T extends { status: string }>(entries: readonly T[]) =>
        entries.map(({ status: _status, ...entry }) => entry);
      const { pairwiseKey: _none, ...rest } = made;
      return {
        ...rest,
        cookieKeys: bare([...old.cookieKeys, ...made.cookieKeys]),
        peppers: bare([...old.peppers, ...made.peppers]),
      };
    }

    it('are used newest first, and pairwise subjects stay those of the oldest pepper', async () => {
      const document = await older();
      const { cookieKeys, peppers, pairwiseKey } = await from(document);
      const [old, newest] = document.peppers;
      expect(cookieKeys).to.deep.equal(document.cookieKeys.map(({ value }) => value).reverse());
      expect(peppers.map(({ id }) => id)).to.deep.equal([newest?.id, old?.id]);
      expect(Buffer.from(pairwiseKey).toString('base64url')).to.equal(old?.value);
    });

    it('are written down as what they mean where the server keeps the file', async () => {
      const path = join(folder, 'secrets.json');
      const document = await older();
      writeFileSync(path, JSON.stringify(document), { mode: 0o600 });
      const first = await loadSecrets({ kind: 'generated', path });
      const written = JSON.parse(readFileSync(path, 'utf8')) as SecretsDocument;
      expect(written.pairwiseKey.value).to.equal(document.peppers[0]?.value);
      expect(written.peppers.map(({ status }) => status)).to.deep.equal(['active', 'retired']);
      expect(written.peppers[1]?.retiredAt).to.equal(written.peppers[0]?.createdAt);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      // The oldest pepper may go now.
      const later = { ...written, peppers: written.peppers.slice(0, 1) };
      expect((await from(later)).pairwiseKey).to.deep.equal(first.pairwiseKey);
    });

    it('are not touched where an operator keeps it', async () => {
      const path = join(folder, 'secrets.json');
      const text = JSON.stringify(await older());
      writeFileSync(path, text, { mode: 0o600 });
      await loadSecrets({ kind: 'file', path });
      expect(readFileSync(path, 'utf8')).to.equal(text);
    });
  });

  describe('read anew', () => {
    it('are others where the file is another, and the former ones where it cannot be used', async () => {
      const path = join(folder, 'secrets.json');
      writeFileSync(path, JSON.stringify(made), { mode: 0o600 });
      const live = await openSecrets({ kind: 'file', path });
      const first = live.current();
      expect(await live.refresh()).to.equal(false);
      expect(live.current()).to.equal(first);

      writeFileSync(path, '{"peppers":"p-secret"');
      expect((await failure(live.refresh())).faults).to.deep.equal([`${path}: is not JSON`]);
      rmSync(path);
      expect((await failure(live.refresh())).code).to.equal('secrets_unreadable');
      expect(live.current()).to.equal(first);

      const other = await createSecrets(NOW);
      writeFileSync(path, JSON.stringify(other), { mode: 0o600 });
      expect(await live.refresh()).to.equal(true);
      expect(live.current().peppers[0]?.id).to.equal(other.peppers[0]?.id);
    });

    it('stay where nobody can change them', async () => {
      const source = { kind: 'environment', variable: 'SECRETS_JSON' } as const;
      const live = await openSecrets(source, { text: JSON.stringify(made) });
      expect(await live.refresh()).to.equal(false);
      const error = await failure(openSecrets(source, { text: '{"d":"d-secret"' }));
      expect(error.faults).to.deep.equal(['SECRETS_JSON: is not JSON']);
    });
  });
});
