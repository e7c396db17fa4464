import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { Engine, Write } from '../../../adapters/store/engine.ts';
import { openSqliteEngine } from '../../../adapters/store/engines/sqlite.ts';
import { StoreError } from '../../../adapters/store/errors.ts';

const put = (name: string, attributes: object = {}): Write => ({
  op: 'put',
  key: { table: 'tokens', pk: `Test#${name}` },
  item: { pk: `Test#${name}`, expires: 4_000_000_000, ...attributes },
});

describe("the embedded store's file", () => {
  let folder: string;
  const path = (name = 'ib-oauth.db'): string => join(folder, name);
  const mode = (of: string): number => statSync(of).mode & 0o777;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'ib-oauth-file-')), 'data');
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  async function withEngine(work: (engine: Engine) => Promise<void>): Promise<void> {
    const engine = await openSqliteEngine({ dataDir: folder });
    try {
      await work(engine);
    } finally {
      await engine.close();
    }
  }
  async function refused(): Promise<string> {
    try {
      const engine = await openSqliteEngine({ dataDir: folder });
      await engine.close();
    } catch (error) {
      if (error instanceof StoreError && error.fault !== undefined) {
        expect(error.fault).to.not.contain('\n');
        return error.fault;
      }
      throw error;
    }
    return 'opened';
  }

  it('is for its owner alone, with all that SQLite puts beside it, and its folder too', async () => {
    await withEngine(async (engine) => {
      await engine.write([put('a')]);
      expect(mode(folder)).to.equal(0o700);
      for (const name of ['ib-oauth.db', 'ib-oauth.db-wal', 'ib-oauth.db-shm']) {
        expect(mode(path(name)), name).to.equal(0o600);
      }
    });
    chmodSync(path(), 0o644);
    await withEngine(async () => {
      expect(mode(path())).to.equal(0o600);
    });
  });

  it('keeps what was written, and gives space back when it has expired', async () => {
    const many = Array.from({ length: 3000 }, (_, at) =>
      put(`short-${at}`, { expires: 100 + at, data: new Uint8Array(1000) }),
    );
    await withEngine(async (engine) => {
      await engine.write([...many, put('long')]);
    });
    const full = statSync(path()).size;
    await withEngine(async (engine) => {
      expect(await engine.expire(50)).to.equal(0);
      expect(await engine.count('tokens', 'Test#', 0)).to.equal(3001);
      expect(await engine.expire(10_000)).to.equal(3000);
      expect(await engine.count('tokens', 'Test#', 0)).to.equal(1);
    });
    expect(statSync(path()).size).to.be.below(full / 2);
  });

  it('is refused where it is no database', async () => {
    mkdirSync(folder);
    writeFileSync(path(), 'x'.repeat(10_000));
    expect(await refused()).to.match(
      /ib-oauth\.db: it is no database, or damaged; put a backup in its place/,
    );
    expect(readFileSync(path(), 'utf8'), 'and not touched').to.equal('x'.repeat(10_000));
  });

  it('is refused where it is another program’s', async () => {
    mkdirSync(folder);
    const db = new DatabaseSync(path());
    db.exec('CREATE TABLE items (theirs TEXT)');
    db.close();
    const before = readFileSync(path());
    expect(await refused()).to.match(/ib-oauth\.db: it is the database of another program; set DATA_DIR/);
    expect(readFileSync(path()).equals(before), 'and not touched').to.equal(true);
  });

  it('is refused where a newer version has written it', async () => {
    await withEngine((engine) => engine.write([put('a')]));
    const db = new DatabaseSync(path());
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(await refused()).to.match(
      /ib-oauth\.db: a newer version has written it \(schema 99, this one knows 1\); start that/,
    );
  });

  for (const [kind, damage] of Object.entries({
    'cut short': (file: string) => truncateSync(file, 100_000),
    'overwritten in the middle': (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0xaa, 40_960, 60_000);
      writeFileSync(file, bytes);
    },
    'overwritten at its beginning': (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0, 0, 200);
      writeFileSync(file, bytes);
    },
  })) {
    it(`is refused where it is damaged: ${kind}`, async () => {
      await withEngine((engine) =>
        engine.write(Array.from({ length: 500 }, (_, at) => put(String(at), { data: new Uint8Array(900) }))),
      );
      damage(path());
      expect(await refused()).to.match(
        /ib-oauth\.db: it is (no database, or )?damaged; put a backup in its place/,
      );
    });
  }

  it('is refused where it is a folder, or its folder a file', async () => {
    mkdirSync(path(), { recursive: true });
    expect(await refused()).to.match(/ib-oauth\.db: it cannot be opened/);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    expect(await refused()).to.match(/data: the folder cannot be made \(EEXIST\)/);
  });

  it('is refused where another program keeps it locked', async function () {
    this.timeout(20_000);
    await withEngine((engine) => engine.write([put('a')]));
    const db = new DatabaseSync(path());
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE items SET expires = expires; COMMIT');
    expect(await refused()).to.match(/ib-oauth\.db: another program keeps it locked; end that program/);
    db.close();
    await withEngine(async (engine) => {
      expect(await engine.count('tokens', 'Test#', 0)).to.equal(1);
    });
  });

  it('is refused where an earlier version’s store stands in its place', async () => {
    mkdirSync(join(folder, 'dynamodb'), { recursive: true });
    writeFileSync(join(folder, 'dynamodb', 'CURRENT'), 'MANIFEST-000002\n');
    expect(await refused()).to.match(
      /data\/dynamodb: holds the store of an earlier version, .*; move it away/,
    );
    rmSync(join(folder, 'dynamodb'), { recursive: true });
    expect(await refused()).to.equal('opened');
  });

  it('of a version before is brought to the newest schema, whoever of many opens it first', async () => {
    mkdirSync(folder);
    writeFileSync(path(), '');
    const engines = await Promise.all(Array.from({ length: 6 }, () => openSqliteEngine({ dataDir: folder })));
    await Promise.all(engines.map((engine, at) => engine.write([put(String(at))])));
    expect(await engines[0]?.count('tokens', 'Test#', 0)).to.equal(6);
    for (const engine of engines) await engine.close();
  });

  it('is missed when it is moved away, or another put in its place, under a running server: nothing is kept in a nameless one', async () => {
    await withEngine(async (engine) => {
      await engine.ready();
      await engine.write([put('before')]);
      const missed = async (call: Promise<unknown>): Promise<void> => {
        const error = await call.then(
          () => undefined,
          (cause: unknown) => cause,
        );
        expect(error)
          .to.be.an.instanceOf(StoreError)
          .and.include({ code: 'unavailable', engineError: 'FILE_REPLACED' });
      };
      const aside = `${path()}.aside`;
      for (const replace of [() => undefined, () => copyFileSync(aside, path())]) {
        renameSync(path(), aside);
        replace();
        const after = put('after');
        await missed(engine.ready());
        await missed(engine.write([after]));
        await missed(engine.decide(after));
        renameSync(aside, path());
        await engine.ready();
        expect((await engine.read([after.key])).size).to.equal(0);
      }
      await engine.write([put('after')]);
    });
  });
});
