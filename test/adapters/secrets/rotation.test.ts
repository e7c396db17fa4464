import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type AgeLimit,
  isRotationDue,
  readSecretsDocument,
  rotateIfDue,
  rotateKeys,
  summarize,
} from '../../../adapters/secrets/rotation.ts';
import { createSecrets, loadSecrets, writeNewSecretsFile } from '../../../adapters/secrets/secrets.ts';

const DAY = 24 * 3600;
const BEGIN = 1_800_000_000;
const at = (days: number): AgeLimit => ({
  nowSeconds: BEGIN + days * DAY,
  mostSeconds: 90 * DAY,
  publishedSeconds: DAY,
});

describe('rotation of signing keys', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-rotation-'));
    path = join(folder, 'secrets.json');
    await writeNewSecretsFile(path, await createSecrets(new Date(BEGIN * 1000)));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const statuses = async (alg: string) =>
    summarize(await readSecretsDocument(path))
      .filter((key) => key.alg === alg)
      .map(({ status }) => status)
      .sort();

  it('by age: first a next key is published, a day later it signs, and nothing happens in between', async () => {
    const source = { kind: 'generated', path } as const;
    expect(await rotateIfDue(source, at(89))).to.equal(false);
    expect(await rotateIfDue(source, at(90))).to.equal(true);
    expect(await statuses('RS256')).to.deep.equal(['active', 'next']);
    expect(await rotateIfDue(source, at(90.5)), 'published for half a day').to.equal(false);
    expect(await rotateIfDue(source, at(91))).to.equal(true);
    expect(await statuses('RS256')).to.deep.equal(['active', 'next', 'retired']);
    expect(await statuses('ES256')).to.deep.equal(['active', 'next', 'retired']);
    expect(await rotateIfDue(source, at(91)), 'again at once').to.equal(false);
  });

  it('tells the age of the key that signs', async () => {
    const secrets = await loadSecrets({ kind: 'file', path });
    expect(secrets.signingSince).to.equal(BEGIN);
  });

  it('are read from a variable too, whose text is in no error', async () => {
    const source = { kind: 'environment', variable: 'SECRETS_JSON' } as const;
    const secrets = await loadSecrets(source, { text: readFileSync(path, 'utf8') });
    expect(secrets.signingKeys).to.have.length(2);
    const error = await loadSecrets(source, { text: '{"d":"d-secret"' }).catch((caught: Error) => caught);
    expect(error).to.have.property('faults').that.deep.equals(['SECRETS_JSON: is not JSON']);
  });

  it("leaves operators' files and missing ones alone", async () => {
    expect(await rotateIfDue({ kind: 'file', path }, at(500))).to.equal(false);
    expect(await rotateIfDue({ kind: 'generated', path: join(folder, 'none.json') }, at(500))).to.equal(
      false,
    );
    expect(await rotateIfDue({ kind: 'generated', path: ':memory:' }, at(500))).to.equal(false);
  });

  it('adds EdDSA where asked for, published before it signs', async () => {
    let document = await readSecretsDocument(path);
    const edDsa = () =>
      summarize(document)
        .filter(({ alg }) => alg === 'EdDSA')
        .map(({ status }) => status);
    document = await rotateKeys(document, BEGIN + DAY, ['EdDSA']);
    expect(edDsa()).to.deep.equal(['next']);
    document = await rotateKeys(document, BEGIN + 2 * DAY);
    expect(edDsa().sort()).to.deep.equal(['active', 'next']);
    expect(isRotationDue(document, at(2))).to.equal(false);
  });

  it('keeps a retired key for as long as something it signed may live, and no longer', async () => {
    let document = await readSecretsDocument(path);
    const first = summarize(document).map(({ kid }) => kid);
    for (const day of [1, 2]) document = await rotateKeys(document, BEGIN + day * DAY);
    expect(summarize(document).map(({ kid }) => kid)).to.include.members(first);
    document = await rotateKeys(document, BEGIN + 8 * DAY);
    expect(
      summarize(document).map(({ kid }) => kid),
      'six days retired',
    ).to.include.members(first);
    document = await rotateKeys(document, BEGIN + 10 * DAY);
    expect(summarize(document).map(({ kid }) => kid)).to.not.include.members(first);
  });
});
