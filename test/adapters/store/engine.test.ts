import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  above,
  absent,
  add,
  all,
  any,
  atMost,
  type Change,
  type Condition,
  changed,
  equals,
  exclude,
  exists,
  holds,
  include,
  missing,
  set,
  setIfAbsent,
  setSum,
} from '../../../adapters/store/conditions.ts';
import type { Engine, Write } from '../../../adapters/store/engine.ts';
import { type Item, type Key, keyName } from '../../../adapters/store/items.ts';
import { ENGINES, type TestEngine } from '../../support/engines.ts';

const EXPIRES = 4_000_000_000;

for (const [name, startEngine] of Object.entries(ENGINES)) {
  describe(`the engine ${name}`, function () {
    this.timeout(60_000);
    suite(startEngine);
  });
}

function suite(startEngine: () => Promise<TestEngine>): void {
  let served: TestEngine;
  let engine: Engine;
  before(async () => {
    served = await startEngine();
    engine = await served.open();
  });
  after(async () => {
    await engine.close();
    await served.close();
  });

  const newKey = (): Key => ({ table: 'state', pk: `Test#${randomBytes(12).toString('hex')}` });
  const itemAt = (key: Key, attributes: Partial<Item> = {}): Item => ({
    pk: key.pk,
    expires: EXPIRES,
    ...attributes,
  });
  const put = (key: Key, attributes: Partial<Item> = {}): Write => ({
    op: 'put',
    key,
    item: itemAt(key, attributes),
  });
  const readOne = async (key: Key): Promise<Item | undefined> => (await engine.read([key])).get(keyName(key));

  it('keeps text, numbers, bytes and sets as they are', async () => {
    const key = newKey();
    const attributes = {
      text: "ü 'quoted' \0 \u{1F510}",
      number: 1_800_000_000_123,
      fraction: 0.5,
      bytes: new Uint8Array([0, 1, 255]),
      set: new Set(['a', 'ß']),
      data: randomBytes(2000),
    };
    await engine.write([put(key, attributes)]);
    const item = await readOne(key);
    expect({ ...item, bytes: [...((item?.['bytes'] as Uint8Array) ?? [])] }).to.deep.include({
      ...itemAt(key),
      text: attributes.text,
      number: attributes.number,
      fraction: attributes.fraction,
      bytes: [0, 1, 255],
      set: attributes.set,
    });
    expect(Buffer.compare(item?.data ?? new Uint8Array(), attributes.data)).to.equal(0);
  });

  const attribute = fc.constantFrom('a', 'b');
  const number = fc.integer({ min: -3, max: 3 });
  const members = fc.subarray(['x', 'y', 'z'], { minLength: 1 }).map((list) => new Set(list));
  const condition: fc.Arbitrary<Condition> = fc.letrec<{ node: Condition; leaf: Condition }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 2 },
      tie('leaf'),
      fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of) => all(...of)),
      fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of) => any(...of)),
    ),
    leaf: fc.oneof(
      fc.constantFrom(exists, missing),
      attribute.map(absent),
      fc.tuple(attribute, number).map(([name, value]) => above(name, value)),
      fc.tuple(attribute, number).map(([name, value]) => atMost(name, value)),
      fc.tuple(attribute, number).map(([name, value]) => equals(name, value)),
      fc.tuple(fc.constant('tags'), members).map(([name, value]) => equals(name, value)),
    ),
  })).node;
  /** One change of each attribute at most, as an item's changes have no order. */
  const changes = fc
    .tuple(
      fc.option(
        fc.oneof(
          number.map((value) => set('a', value)),
          number.map((value) => setIfAbsent('a', value)),
          number.map((amount) => add('a', amount)),
        ),
        { nil: undefined },
      ),
      fc.option(
        number.map((plus) => setSum('sum', 'base', plus)),
        { nil: undefined },
      ),
      fc.option(
        fc.oneof(
          fc.constantFrom('x', 'y').map((member) => include('tags', member)),
          fc.constantFrom('x', 'y').map((member) => exclude('tags', member)),
        ),
        { nil: undefined },
      ),
    )
    .map((list): Change[] => list.filter((change) => change !== undefined));
  const stored = fc.record(
    { a: number, b: number, tags: members, base: fc.constant(10) },
    { requiredKeys: ['base'] },
  );

  it('holds conditions and makes changes as they are defined', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(stored, { nil: undefined }),
        condition,
        changes,
        async (before, when, to) => {
          const key = newKey();
          const item = before === undefined ? undefined : itemAt(key, before);
          if (item !== undefined) await engine.write([{ op: 'put', key, item }]);
          const making =
            item === undefined
              ? [...to.filter((change) => change.to !== 'sum'), set('expires', EXPIRES)]
              : [...to, set('touched', 1)];
          const { held, item: after } = await engine.decide({
            op: 'update',
            key,
            changes: making,
            condition: when,
          });
          expect(held).to.equal(holds(when, item));
          const expected = held ? changed(key.pk, item, making) : item;
          expect(await readOne(key)).to.deep.equal(expected);
          if (held) expect(after).to.deep.equal(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('leaves a single write out where its condition does not hold, and no other', async () => {
    const [taken, free, other] = [newKey(), newKey(), newKey()];
    await engine.write([put(taken, { by: 'first' })]);
    await engine.write([
      { ...put(taken, { by: 'second' }), condition: missing },
      { ...put(free, { by: 'second' }), condition: missing },
      put(other),
      { op: 'update', key: newKey(), changes: [set('x', 1)], condition: exists },
    ]);
    expect(await readOne(taken)).to.include({ by: 'first' });
    expect(await readOne(free)).to.include({ by: 'second' });
    expect(await readOne(other)).to.not.equal(undefined);
  });

  it('lets one of many deciding writes hold, and only what goes along with that one can be found by a reader of it', async () => {
    const used = newKey();
    await engine.write([put(used)]);
    const tries = Array.from({ length: 20 }, (_, by) => ({ by, gives: newKey(), ends: newKey() }));
    await engine.write(tries.map(({ ends }) => put(ends)));
    const decisions = await Promise.all(
      tries.map(({ by, gives, ends }) =>
        engine.decide(
          { op: 'update', key: used, changes: [set('by', by)], condition: all(exists, absent('by')) },
          { before: [put(gives)], after: [{ op: 'delete', key: ends }] },
        ),
      ),
    );
    expect(decisions.filter(({ held }) => held)).to.have.length(1);
    const winner = tries[decisions.findIndex(({ held }) => held)];
    if (winner === undefined) throw new Error('nobody won');
    expect(await readOne(used)).to.include({ by: winner.by });
    expect(await readOne(winner.gives)).to.not.equal(undefined);
    for (const { ends, by } of tries) {
      expect(await readOne(ends), String(by))[by === winner.by ? 'to' : 'not']['equal'](undefined);
    }
  });

  it('decides where all claims hold, in their order, and writes nothing after one that does not', async () => {
    const [taken, free, decided, along] = [newKey(), newKey(), newKey(), newKey()];
    const claim = (key: Key): Write => ({ ...put(key), condition: missing });
    await engine.write([put(taken)]);
    const lost = await engine.decide(put(decided), {
      claims: [claim(free), claim(taken), claim(newKey())],
      after: [put(along)],
    });
    expect(lost).to.deep.equal({ held: false, lostClaim: 1 });
    expect(await readOne(free), 'a claim that held').to.not.equal(undefined);
    for (const key of [decided, along]) expect(await readOne(key)).to.equal(undefined);
    const held = await engine.decide(put(decided), { claims: [claim(newKey())], after: [put(along)] });
    expect(held.held).to.equal(true);
    for (const key of [decided, along]) expect(await readOne(key)).to.not.equal(undefined);
  });

  it('deletes, and puts, under a condition', async () => {
    const key = newKey();
    const deleting = { op: 'delete', key, condition: equals('a', 1) } as const;
    await engine.write([put(key, { a: 2 })]);
    expect(await engine.decide(deleting)).to.deep.equal({ held: false });
    expect((await engine.decide({ ...put(key, { a: 1 }), condition: equals('a', 2) })).held).to.equal(true);
    expect(await engine.decide(deleting)).to.deep.equal({ held: true });
    expect(await readOne(key)).to.equal(undefined);
  });

  it('lists the items of one subject', async () => {
    const subject = randomBytes(8).toString('hex');
    const keys = Array.from({ length: 3 }, () => ({ ...newKey(), table: 'tokens' }) as const);
    await engine.write(keys.map((key) => put(key, { subject, lastUsedAt: 7, summary: new Uint8Array([1]) })));
    const found = await engine.querySubject(subject, 10);
    expect(found.map(({ pk }) => pk)).to.have.members(keys.map(({ pk }) => pk));
    expect(found[0]).to.deep.include({ expires: EXPIRES, lastUsedAt: 7 });
    const first = await engine.querySubject(subject, 2);
    const second = await engine.querySubject(subject, 2, first.at(-1)?.pk);
    expect([first.length, second.length]).to.deep.equal([2, 1]);
    expect([...first, ...second].map(({ pk }) => pk)).to.have.members(keys.map(({ pk }) => pk));
  });
}
