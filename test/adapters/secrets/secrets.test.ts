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
import { inspect } from 'node:util';
import { expect } from 'chai';
import { importJWK, type JWK, SignJWT } from 'jose';
import type { SecretsDocument } from '../../../adapters/secrets/document.ts';
import { SecretsError } from '../../../adapters/secrets/error.ts';
import { writeNewSecretsFile } from '../../../adapters/secrets/file.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { loadSecrets, openSecrets } from '../../../adapters/secrets/secrets.ts';
import { useNock } from '../../support/nock.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:ib-oauth';

describe('the secrets', () => {
  let folder: string;
  let made: SecretsDocument;
  before(async () => {
    made = await createSecrets(NOW);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fromText = (text: string) =>
    loadSecrets({ kind: 'secrets_manager', arn: ARN }, { fetchSecret: async () => text });
  const from = (document: unknown) => fromText(JSON.stringify(document));
  const failure = async (loading: Promise<unknown>): Promise<SecretsError> => {
    const error = await loading.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof SecretsError)) expect.fail(`expected a SecretsError, got ${String(error)}`);
    return error;
  };
  const aKey = (alg: string) => {
    const entry = made.signingKeys.find(({ jwk }) => jwk.alg === alg);
    return entry ?? expect.fail(`no ${alg} key`);
  };

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

  describe('in rotation', () => {
    it('put the signing key first, the next one before retired ones', async () => {
      const others = await Promise.all([createSecrets(NOW), createSecrets(NOW)]);
      const [next, retired] = others.map(({ signingKeys }) =>
        signingKeys.filter(({ jwk }) => jwk.alg === 'RS256'),
      );
      const document = {
        ...made,
        signingKeys: [
          ...(retired ?? []).map((entry) => ({ ...entry, status: 'retired', retiredAt: 1 })),
          ...(next ?? []).map((entry) => ({ ...entry, status: 'next' })),
          ...made.signingKeys,
        ],
      };
      const { signingKeys } = await from(document);
      expect(signingKeys.filter(({ alg }) => alg === 'RS256').map(({ kid }) => kid)).to.deep.equal([
        aKey('RS256').jwk.kid,
        next?.[0]?.jwk.kid,
        retired?.[0]?.jwk.kid,
      ]);
    });

    it('put the cookie key and pepper in use first, the next one before retired ones', async () => {
      const others = [await createSecrets(new Date(0)), await createSecrets(new Date(1e12))];
      const [retired, next] = others.map(({ cookieKeys, peppers }, index) => {
        const stated = { status: index === 0 ? 'retired' : 'next' };
        return {
          cookieKeys: cookieKeys.map((entry) => ({ ...entry, ...stated })),
          peppers: peppers.map((entry) => ({ ...entry, ...stated })),
        };
      });
      const mixed = [next, made, retired];
      const { cookieKeys, peppers } = await from({
        ...made,
        cookieKeys: mixed.flatMap((document) => document?.cookieKeys ?? []),
        peppers: mixed.flatMap((document) => document?.peppers ?? []),
      });
      const inOrder = [made, next, retired];
      expect(cookieKeys).to.deep.equal(inOrder.map((document) => document?.cookieKeys[0]?.value));
      expect(peppers.map(({ id }) => id)).to.deep.equal(inOrder.map((document) => document?.peppers[0]?.id));
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

  describe('with mistakes', () => {
    const cases: Record<string, [change: (document: SecretsDocument) => unknown, ...faults: string[]]> = {
      'an unknown version': [
        (document) => ({ ...document, version: 2 }),
        'version: must be 1, the only version that this server knows',
      ],
      'no list of keys': [
        ({ signingKeys: _, ...rest }) => rest,
        'signingKeys: is missing or not of type array',
      ],
      'an unknown field': [(document) => ({ ...document, pepper: 'x' }), 'Unrecognized key: "pepper"'],
      'no active key': [
        (document) => ({
          ...document,
          signingKeys: document.signingKeys.map((entry) => ({ ...entry, status: 'next' })),
        }),
        'signingKeys: must hold exactly one active RS256 key, not 0',
        'signingKeys: must hold exactly one active ES256 key, not 0',
      ],
      'the same key twice': [
        (document) => ({
          ...document,
          signingKeys: [...document.signingKeys, { ...aKey('ES256'), status: 'retired' }],
        }),
        'signingKeys[2].jwk.kid: must not repeat',
      ],
      'the same pepper twice': [
        (document) => ({ ...document, peppers: [...document.peppers, ...document.peppers] }),
        'peppers: must hold exactly one active entry, not 2',
        'peppers[1].id: must not repeat',
      ],
      'a status that only some have': [
        (document) => ({
          ...document,
          cookieKeys: [...document.cookieKeys, { createdAt: 0, value: document.cookieKeys[0]?.value }],
        }),
        'cookieKeys[1].status: is missing, while others have one',
      ],
      'a short cookie key and pepper': [
        (document) => ({
          ...document,
          cookieKeys: [{ createdAt: 0, value: 'c2hvcnQ' }],
          peppers: [{ id: 'a', createdAt: 0, value: 'c2hvcnQ' }],
        }),
        'cookieKeys[0].value: must be 32 bytes or more',
        'peppers[0].value: must be 32 bytes',
      ],
      'a small RSA key': [
        (document) => ({
          ...document,
          signingKeys: [{ ...aKey('RS256'), jwk: { ...aKey('RS256').jwk, n: 'abcd' } }, aKey('ES256')],
        }),
        'signingKeys[0].jwk.n: must be 2048 bits or more',
      ],
      'a public key': [
        (document) => ({
          ...document,
          signingKeys: [aKey('RS256'), { ...aKey('ES256'), jwk: { ...aKey('ES256').jwk, d: undefined } }],
        }),
        'signingKeys[1].jwk.d: is missing or not of type string',
      ],
      'a key that is no point of its curve': [
        (document) => ({
          ...document,
          signingKeys: [aKey('RS256'), { ...aKey('ES256'), jwk: { ...aKey('ES256').jwk, x: 'abcd' } }],
        }),
        'signingKeys[1].jwk: is not a usable private key',
      ],
    };
    for (const [name, [change, ...faults]] of Object.entries(cases)) {
      it(`name ${name}`, async () => {
        const error = await failure(from(change(made)));
        expect(error.code).to.equal('secrets_invalid');
        expect(error.faults).to.deep.equal(faults.map((fault) => `${ARN}: ${fault}`));
      });
    }

    it('keep every value out of what is said', async () => {
      const text = JSON.stringify(made);
      const broken = await failure(fromText(`${text.slice(0, -1)} oops`));
      const mistyped = await failure(
        from({ ...made, cookieKeys: [{ createdAt: 'now', value: `!${made.cookieKeys[0]?.value}` }] }),
      );
      for (const error of [broken, mistyped]) {
        const shown = inspect(error, { depth: 9, showHidden: true });
        for (const { value } of [...made.cookieKeys, ...made.peppers]) expect(shown).not.to.contain(value);
        expect(shown).not.to.contain(aKey('ES256').jwk.d);
      }
    });
  });

  it('show nothing when printed, logged or serialised', async () => {
    const secrets = await from(made);
    const summary = '[Secrets: 2 signing keys, 1 cookie keys, 1 peppers]';
    expect(inspect(secrets)).to.equal(summary);
    expect(inspect({ deps: { secrets } }, { depth: 9, breakLength: 200 })).to.equal(
      `{ deps: { secrets: ${summary} } }`,
    );
    expect(JSON.stringify({ secrets })).to.equal(JSON.stringify({ secrets: summary }));
    expect(`${secrets}`).to.equal(summary);
  });

  describe('from Secrets Manager', () => {
    const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const environment = new Map(names.map((name) => [name, process.env[name]]));
    const nock = useNock();
    before(() => {
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
});
