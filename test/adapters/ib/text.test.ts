import { expect } from 'chai';
import { textOf } from '../../../adapters/ib/text.ts';

const TEXT = '{"firstname":"Zoë 資産"}';
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

describe('the text of an answer', () => {
  for (const [name, bytes, contentType] of [
    ['UTF-8', Buffer.from(TEXT), 'application/json'],
    ['UTF-8 under another name', Buffer.from(TEXT), 'application/json; charset=iso-8859-1'],
    ['UTF-8 under no name there is', Buffer.from(TEXT), 'text/html;charset="x-none"'],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`), ''],
    ['UTF-16 by its name', utf16(TEXT), 'application/json; Charset=UTF-16LE'],
    ['UTF-16 by a name without an end', utf16(TEXT), 'application/json; charset=utf-16'],
    ['UTF-16 by its mark', utf16(`\ufeff${TEXT}`), 'application/json'],
    ['UTF-16 by its mark, from the other end', utf16(`\ufeff${TEXT}`).swap16(), 'charset=utf-8'],
  ] as const) {
    it(`is read where it is ${name}`, () => {
      expect(textOf(bytes, contentType)).to.equal(TEXT);
    });
  }

  it('is read by the name it has where it is no UTF-8', () => {
    const latin = Buffer.from('Zoë', 'latin1');
    expect(textOf(latin, 'application/json; charset="ISO-8859-1"')).to.equal('Zoë');
    expect(textOf(latin, 'application/json')).to.equal('Zo\ufffd');
    expect(textOf(latin, 'application/json; charset=none')).to.equal('Zo\ufffd');
    expect(textOf(Buffer.alloc(0), '')).to.equal('');
  });
});
