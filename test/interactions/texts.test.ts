import { expect } from 'chai';
import { en } from '../../interactions/texts/en.ts';
import { chooseLanguage, directionOf, LANGUAGE_TAGS, textsOf } from '../../interactions/texts/languages.ts';

/** Words that are the same in another language, by that language. */
const SAME: Readonly<Record<string, readonly string[]>> = {};
/** How much longer than the English text another language may be. */
const MOST_LONGER = 1.8;
/** Short texts may be longer by so many characters. */
const FEW = 20;

const namesIn = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).toSorted();

describe('the pages’ words', () => {
  const others = LANGUAGE_TAGS.filter((tag) => tag !== 'en');

  for (const tag of others) {
    const texts = textsOf(tag);

    it(`are all there in ${tag}, and no others`, () => {
      expect(Object.keys(texts).toSorted()).to.deep.equal(Object.keys(en).toSorted());
      for (const [key, text] of Object.entries(texts))
        expect(text.trim(), key).to.equal(text).and.not.equal('');
    });

    it(`are translated into ${tag}, with the same names in them`, () => {
      for (const [key, text] of Object.entries(texts)) {
        const english = en[key as keyof typeof en];
        if (SAME[tag]?.includes(key) !== true) expect(text, key).to.not.equal(english);
        expect(namesIn(text), key).to.deep.equal(namesIn(english));
      }
    });

    it(`are not much longer in ${tag} than in English`, () => {
      for (const [key, text] of Object.entries(texts)) {
        const { length } = en[key as keyof typeof en];
        expect(text.length, `${key}: ${text}`).to.be.at.most(Math.max(length * MOST_LONGER, length + FEW));
      }
    });
  }

  it('hold no markup and no straight quotes, which would stand out', () => {
    for (const tag of LANGUAGE_TAGS)
      for (const [key, text] of Object.entries(textsOf(tag)))
        expect(text, `${tag} ${key}`).to.not.match(/[<>"'`&]/);
  });

  it('keep a mark that stands apart on the line of its word', () => {
    for (const tag of LANGUAGE_TAGS)
      for (const [key, text] of Object.entries(textsOf(tag)))
        expect(text, `${tag} ${key}`).to.not.match(/ [?!:;…»]/);
  });

  it('are written from the side that their language is', () => {
    expect(LANGUAGE_TAGS.filter((tag) => directionOf(tag) === 'rtl')).to.deep.equal(['he']);
    expect(chooseLanguage({ acceptLanguage: 'he-IL,he;q=0.9' })).to.equal('he');
    expect(chooseLanguage({ uiLocales: 'iw' }), 'as Hebrew was called before').to.equal('he');
  });
});
