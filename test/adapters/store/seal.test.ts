import { createCipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createSealer, type Pepper, type SealContext } from '../../../adapters/store/seal.ts';

const pepper = (id: string): Pepper => ({ id, key: new Uint8Array(randomBytes(32)) });
const retired = (former: Pepper): Pepper => ({ ...former, isRetired: true });
const [first, second] = [pepper('p1'), pepper('p2')];
const context: SealContext = {
  secret: 'the token',
  label: 'AccessToken',
  key: 'AccessToken#k',
  bound: [1000, 'x'],
};

describe('a sealed payload', () => {
  let peppers: readonly Pepper[];
  let told: string[];
  const sealer = createSealer({
    peppers: () => peppers,
    onUnopened: ({ model, reason }) => told.push(`${model} ${reason}`),
  });
  beforeEach(() => {
    peppers = [first];
    told = [];
  });

  for (const lasting of [false, true]) {
    describe(lasting ? 'that outlives peppers' : 'of a record with an end', () => {
      const within: SealContext = { ...context, lasting };

      it('opens with all that it was sealed with', () => {
        const sealed = sealer.seal({ a: 1 }, within);
        expect(sealer.open(sealed, within)).to.deep.equal({ a: 1 });
        expect(told).to.deep.equal([]);
      });

      const others: Record<string, Partial<SealContext>> = {
        'another value': { secret: 'another' },
        'another model': { label: 'RefreshToken' },
        'another item': { key: 'AccessToken#other' },
        'another end': { bound: [1001, 'x'] },
        'another mark beside it': { bound: [1000, 'y'] },
        'a mark missing beside it': { bound: [1000, undefined] },
      };
      for (const [name, other] of Object.entries(others)) {
        it(`does not open with ${name}, which is told`, () => {
          const changed = { ...within, ...other };
          expect(sealer.open(sealer.seal({ a: 1 }, within), changed)).to.equal(undefined);
          expect(told).to.deep.equal([`${changed.label} not_authentic`]);
        });
      }

      it('does not open with any byte changed, cut off or added', () => {
        const sealed = sealer.seal({ a: 1 }, within);
        for (const [index, byte] of sealed.entries()) {
          const changed = Uint8Array.from(sealed);
          changed[index] = byte ^ 1;
          expect(sealer.open(changed, within), `byte ${index}`).to.equal(undefined);
          expect(sealer.open(sealed.subarray(0, index), within), `cut to ${index}`).to.equal(undefined);
        }
        expect(sealer.open(Buffer.concat([sealed, Uint8Array.of(0)]), within)).to.equal(undefined);
        expect(told).to.have.length(2 * sealed.length + 1);
      });

      it('opens as long as its pepper is known', () => {
        const sealed = sealer.seal('x', within);
        peppers = [second, retired(first)];
        expect(sealer.open(sealed, within)).to.equal('x');
        peppers = [second];
        expect(sealer.open(sealed, within)).to.equal(undefined);
        expect(told).to.deep.equal(['AccessToken unknown_pepper']);
      });

      it('opens where its pepper is not used yet, as another process may be a step ahead', () => {
        peppers = [second, first];
        const sealed = sealer.seal('x', within);
        peppers = [first, second];
        expect(sealer.open(sealed, within)).to.equal('x');
      });
    });
  }

  it('that outlives peppers is sealed anew without the value it is looked up by', () => {
    const within: SealContext = { ...context, lasting: true };
    const { secret: _unknown, ...known } = within;
    const sealed = sealer.seal('x', within);
    expect(sealer.isOutdated(sealed)).to.equal(false);
    peppers = [second, retired(first)];
    expect(sealer.isOutdated(sealed)).to.equal(true);
    const anew = sealer.reseal(sealed, known) ?? new Uint8Array();
    expect(sealer.isOutdated(anew)).to.equal(false);
    peppers = [second];
    expect(sealer.open(anew, within)).to.equal('x');
    expect(sealer.reseal(sealed, known), 'its pepper is gone').to.equal(undefined);
  });

  it('with an end of its own is never sealed anew', () => {
    expect(sealer.reseal(sealer.seal('x', context), context)).to.equal(undefined);
  });

  it('of format 1, which bound the item’s key alone, still opens', () => {
    const key = new Uint8Array(
      hkdfSync('sha256', 'the token', first.key, 'ib-oauth seal 1\0AccessToken', 32),
    );
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from('AccessToken#k'));
    const body = Buffer.concat([cipher.update('{"a":1}'), cipher.final()]);
    const sealed = Buffer.concat([Uint8Array.of(1, 2), Buffer.from('p1'), iv, body, cipher.getAuthTag()]);
    expect(sealer.open(sealed, context)).to.deep.equal({ a: 1 });
    const posing = Buffer.from(sealed);
    posing[0] = 2;
    expect(sealer.open(posing, context), 'in another format').to.equal(undefined);
  });

  it('comes out the same each time where it must, whatever pepper is in use meanwhile', () => {
    const sealed = sealer.seal('x', context);
    const before = sealer.keyBehind(sealed);
    peppers = [second, retired(first)];
    expect(sealer.keyBehind(sealed).equals(before)).to.equal(true);
    expect(sealer.keyBehind(undefined).equals(createSecretKey(second.key))).to.equal(true);
  });
});
