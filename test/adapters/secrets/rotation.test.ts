import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AgeLimit, readToChange, rotateIfDue } from '../../../adapters/secrets/change.ts';
import type { SecretsDocument } from '../../../adapters/secrets/document.ts';
import { writeNewSecretsFile } from '../../../adapters/secrets/file.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import {
  KEY_KINDS,
  type KeyKind,
  type StepOptions,
  summarize,
  takeStep,
  waitingFor,
} from '../../../adapters/secrets/rotation.ts';
import { loadSecrets } from '../../../adapters/secrets/secrets.ts';

const DAY = 24 * 3600;
const BEGIN = 1_800_000_000;
const knownSeconds = { signing_key: DAY, cookie_key: 600, pepper: 600 } as const;
const options = (seconds: number, more: Partial<StepOptions> = {}): StepOptions => ({
  nowSeconds: BEGIN + seconds,
  knownSeconds,
  ...more,
});
const keysOf = (document: SecretsDocument, kind: KeyKind, alg = 'RS256') =>
  summarize(document).filter((key) => key.kind === kind && (kind !== 'signing_key' || key.alg === alg));
const statuses = (document: SecretsDocument, kind: KeyKind, alg = 'RS256') =>
  keysOf(document, kind, alg)
    .map(({ status }) => status)
    .sort();
const idOf = (document: SecretsDocument, kind: KeyKind, status: string) =>
  keysOf(document, kind).find((key) => key.status === status)?.id;

describe('a step of rotation', () => {
  let made: SecretsDocument;
  const stepped = async (...steps: readonly StepOptions[]) => {
    let document = made;
    for (const step of steps) ({ document } = await takeStep(document, step));
    return document;
  };
  before(async () => {
    made = await createSecrets(new Date(BEGIN * 1000));
  });

  for (const kind of KEY_KINDS) {
    it(`makes a ${kind} known first, uses it by the next step, and drops the one before a week later`, async () => {
      const known = await stepped(options(DAY));
      expect(statuses(known, kind)).to.deep.equal(['active', 'next']);
      expect(idOf(known, kind, 'active')).to.equal(idOf(made, kind, 'active'));
      const used = await stepped(options(DAY), options(2 * DAY));
      expect(statuses(used, kind)).to.deep.equal(['active', 'next', 'retired']);
      // The next one of each step is another, so documents of separate runs differ there.
      const { document: later, changes } = await takeStep(used, options(8 * DAY));
      expect(statuses(later, kind)).to.deep.equal(['active', 'next', 'retired', 'retired']);
      expect(idOf(later, kind, 'active')).to.equal(idOf(used, kind, 'next'));
      expect(changes.map(({ became }) => became)).to.not.include('removed');
      const { document: last, changes: gone } = await takeStep(later, options(9 * DAY));
      expect(gone.filter((change) => change.kind === kind && change.became === 'removed')).to.have.length(
        kind === 'signing_key' ? 2 : 1,
      );
      expect(keysOf(last, kind).map(({ id }) => id)).to.not.include(idOf(made, kind, 'active'));
    });

    it(`is too early for a ${kind} that not everybody knows`, async () => {
      const known = await stepped(options(0, { kinds: [kind] }));
      const wait = knownSeconds[kind];
      expect(waitingFor(known, options(wait - 1))?.notBefore).to.equal(BEGIN + wait);
      expect(
        waitingFor(known, options(wait - 1, { kinds: KEY_KINDS.filter((other) => other !== kind) })),
      ).to.equal(undefined);
      expect(waitingFor(known, options(wait))).to.equal(undefined);
    });
  }

  it('says when the next one may be taken, by the kinds that took part', async () => {
    expect((await takeStep(made, options(0))).nextStepAt).to.equal(BEGIN + DAY);
    expect((await takeStep(made, options(0, { kinds: ['pepper'] }))).nextStepAt).to.equal(BEGIN + 600);
  });

  it('keeps a pepper that something still stands on', async () => {
    const used = await stepped(options(0), options(DAY));
    const old = idOf(made, 'pepper', 'active') ?? '';
    const { document } = await takeStep(used, options(30 * DAY, { stay: [old] }));
    expect(keysOf(document, 'pepper').map(({ id }) => id)).to.include(old);
  });

  it('leaves the pairwise key as it is', async () => {
    const later = await stepped(options(0), options(DAY), options(30 * DAY), options(60 * DAY));
    expect(later.pairwiseKey).to.deep.equal(made.pairwiseKey);
  });

  it('adds EdDSA where asked for, published before it signs', async () => {
    const added = await stepped(options(0, { added: ['EdDSA'] }));
    expect(statuses(added, 'signing_key', 'EdDSA')).to.deep.equal(['next']);
    const { document } = await takeStep(added, options(DAY));
    expect(statuses(document, 'signing_key', 'EdDSA')).to.deep.equal(['active', 'next']);
  });
});

describe('rotation by age', () => {
  let folder: string;
  let path: string;
  const at = (days: number): AgeLimit => ({
    nowSeconds: BEGIN + days * DAY,
    mostSeconds: 90 * DAY,
    knownSeconds,
  });
  const kept = async () => (await readToChange({ kind: 'file', path })).document;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-rotation-'));
    path = join(folder, 'secrets.json');
    await writeNewSecretsFile(path, await createSecrets(new Date(BEGIN * 1000)));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('publishes a next key first, lets it sign a day later, and does nothing in between', async () => {
    const source = { kind: 'generated', path } as const;
    expect(await rotateIfDue(source, at(89))).to.equal(false);
    expect(await rotateIfDue(source, at(90))).to.equal(true);
    expect(statuses(await kept(), 'signing_key')).to.deep.equal(['active', 'next']);
    expect(await rotateIfDue(source, at(90.5)), 'published for half a day').to.equal(false);
    expect(await rotateIfDue(source, at(91))).to.equal(true);
    for (const alg of ['RS256', 'ES256']) {
      expect(statuses(await kept(), 'signing_key', alg)).to.deep.equal(['active', 'next', 'retired']);
    }
    expect(statuses(await kept(), 'cookie_key')).to.deep.equal(['active', 'next', 'retired']);
    expect(statuses(await kept(), 'pepper'), 'what is sealed has to be sealed anew first').to.deep.equal([
      'active',
    ]);
    expect(await rotateIfDue(source, at(91)), 'again at once').to.equal(false);
  });

  it('is taken by one of the processes that start at once', async () => {
    const source = { kind: 'generated', path } as const;
    // The days go on, so that each round has a step that is due.
    for (let round = 0; round < 10; round += 1) {
      const before = await kept();
      const taken = await Promise.all(
        Array.from({ length: 4 }, () => rotateIfDue(source, at(90 + 200 * round))),
      );
      expect(taken.filter(Boolean)).to.have.length(1);
      expect(await kept()).to.not.deep.equal(before);
    }
  });

  it('tells the age of the key that signs', async () => {
    expect((await loadSecrets({ kind: 'file', path })).signingSince).to.equal(BEGIN);
  });

  it("leaves operators' files and missing ones alone", async () => {
    const text = readFileSync(path, 'utf8');
    expect(await rotateIfDue({ kind: 'file', path }, at(500))).to.equal(false);
    const missing = { kind: 'generated', path: join(folder, 'none.json') } as const;
    expect(await rotateIfDue(missing, at(500))).to.equal(false);
    expect(await rotateIfDue({ kind: 'generated', path: ':memory:' }, at(500))).to.equal(false);
    expect(readFileSync(path, 'utf8')).to.equal(text);
  });
});
