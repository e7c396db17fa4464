import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { createSidFinders } from '../../../src/proxy/find-sid.ts';
import { SPELLINGS } from './spellings.ts';

const SIDS = [
  'sid-4f2Ka93bQzT71xYp-88u',
  'a1b2c3d4e5f6',
  'Zq+/=.,~!$*()&%\\"\'<>{}[]|^`',
  '0123456789abcdef0123456789abcdef',
];
const finderOf = createSidFinders();

describe('finding a sid', () => {
  for (const [spelling, write] of Object.entries(SPELLINGS)) {
    it(`finds it ${spelling}, all of it and no more, wherever it stands`, () => {
      for (const sid of SIDS) {
        const written = write(sid);
        for (const [before, after] of [
          ['', ''],
          ['{"a":"', '"}'],
          ['<a href="?q=', '&amp;x=1">'],
        ] as const) {
          const bytes = Buffer.concat([Buffer.from(before), written, Buffer.from(after)]);
          const found = finderOf(sid).find(bytes);
          expect(found, `${sid} ${before}`).to.have.length(1);
          const [range = { start: 0, end: 0 }] = found;
          expect(range.start).to.be.at.least(before.length);
          expect(range.end).to.be.at.most(before.length + written.length);
        }
      }
    });
  }

  it('finds it with each of its characters written in a way of its own', () => {
    const one = (character: string): fc.Arbitrary<string> => {
      const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
      return fc.constantFrom(
        character,
        character.toUpperCase(),
        `%${hex}`,
        `%25${hex}`,
        `\\u00${hex}`,
        `\\\\u00${hex.toUpperCase()}`,
        `&#${character.charCodeAt(0)};`,
        `&#x0${hex};`,
        `&amp;#x${hex};`,
        `%26%23${character.charCodeAt(0)}%3B`,
      );
    };
    for (const sid of SIDS.slice(0, 2)) {
      fc.assert(
        fc.property(fc.tuple(...Array.from(sid, one)), (parts) => {
          const written = parts.join('');
          expect(finderOf(sid).isIn(`before ${written} after`), written).to.equal(true);
        }),
      );
    }
  });

  it('finds nothing in bytes, words and addresses without it', () => {
    const finder = finderOf(SIDS[0] ?? '');
    for (const bytes of [
      randomBytes(1024 * 1024),
      Buffer.from(randomBytes(512 * 1024).toString('base64')),
      Buffer.from(randomBytes(512 * 1024).toString('hex')),
      Buffer.alloc(100_000),
      Buffer.alloc(100_000, '0'),
      Buffer.alloc(100_000, '\\u0073%73&#115;'),
      Buffer.from('資産 Müller naïve '.repeat(5000), 'utf16le'),
    ]) {
      expect(finder.find(bytes)).to.deep.equal([]);
    }
  });

  it('finds each of many, and one inside another', () => {
    const sid = SIDS[1] ?? '';
    const text = `${sid}${sid} ${sid.slice(0, 6)}${sid}${sid.slice(6)}`;
    expect(finderOf(sid).find(Buffer.from(text))).to.deep.equal([
      { start: 0, end: 12 },
      { start: 12, end: 24 },
      { start: 31, end: 43 },
    ]);
  });

  it('keeps no more of an endless run than a spelling may take', () => {
    const finder = finderOf(SIDS[0] ?? '');
    const endless = Buffer.alloc(1_000_000, 'sid-4f2');
    expect(endless.length - finder.unfinished(endless)).to.be.below(2048);
  });
});
