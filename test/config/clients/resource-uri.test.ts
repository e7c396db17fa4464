import { expect } from 'chai';
import { canonicalResource } from '../../../config/clients/resource-uri.ts';
import { SPELLINGS } from '../../support/resources.ts';

describe('identifiers of resources', () => {
  it('have one form, which is a form of itself', () => {
    for (const identifier of [
      ...Object.values(SPELLINGS).flat(),
      'urn:acme:api',
      'api://1b2c/x',
      'https://a/?x=%7e',
    ]) {
      const form = canonicalResource(identifier) ?? '';
      expect(canonicalResource(form), identifier).to.equal(form);
    }
    expect(canonicalResource('urn:acme:api')).to.equal('urn:acme:api');
    expect(canonicalResource('nonsense')).to.equal(undefined);
  });

  it('are read in time that grows with their length and no faster', () => {
    // Read once for each slash, this row of them would outlast the test, and with it every other request.
    const row = '/'.repeat(1_000_000);
    expect(canonicalResource(`https://a.example${row}x`)).to.equal(`https://a.example${row}x`);
    expect(canonicalResource(`https://a.example/x${row}`)).to.equal('https://a.example/x');
  });
});
