import { expect } from 'chai';
import { createFormTokens } from '../../interactions/form-tokens.ts';

describe('a form’s token', () => {
  it('is taken for what it was made for, and for nothing else', () => {
    const tokens = createFormTokens(['a key']);
    expect(tokens.isOf('form 1', tokens.of('form 1'))).to.equal(true);
    expect(tokens.isOf('form 2', tokens.of('form 1'))).to.equal(false);
    for (const posted of [undefined, '', 'x', 'é'.repeat(43), 'A'.repeat(43), [tokens.of('form 1')]]) {
      expect(tokens.isOf('form 1', posted), String(posted)).to.equal(false);
    }
  });

  it('is taken by a process that is a step of rotation behind or ahead', () => {
    const [behind, ahead] = [createFormTokens(['old', 'new']), createFormTokens(['new', 'old'])];
    expect(behind.isOf('form', ahead.of('form'))).to.equal(true);
    expect(ahead.isOf('form', behind.of('form'))).to.equal(true);
    expect(createFormTokens(['new']).isOf('form', behind.of('form'))).to.equal(false);
  });
});
