import { expect } from 'chai';
import { parseIbHosts } from '../../config/hosts.ts';

const faultsOf = (text: string): readonly string[] => {
  const parsed = parseIbHosts(text);
  return 'faults' in parsed ? parsed.faults : [];
};

describe('IB_HOSTS', () => {
  it('holds patterns, hosts and exact origins, in any case and with blanks', () => {
    expect(parseIbHosts(' *.IntelligenceBank.com , dam.acme.com,,http://127.0.0.1:4000/ ')).to.deep.equal({
      rules: [
        { kind: 'pattern', pattern: '*.intelligencebank.com' },
        { kind: 'pattern', pattern: 'dam.acme.com' },
        { kind: 'origin', origin: 'http://127.0.0.1:4000' },
      ],
    });
  });

  it('names every faulty entry at once, and needs at least one', () => {
    expect(faultsOf('acme,*.*.com,http://x/y,ftp://x,10.0.0.1')).to.have.length(5);
    expect(faultsOf(' , ')).to.deep.equal(['must name at least one host']);
  });

  for (const entry of [
    '*',
    '*.com',
    '*.',
    'a*.acme.com',
    '*.*.acme.com',
    'acme.com.',
    'acme.com/x',
    'acme.com:8443',
    'user@acme.com',
    '127.0.0.1',
    '0x7f.1',
    '[::1]',
    'http://[::1]:4000',
    'http://[::ffff:127.0.0.1]:4000',
    'http://user@127.0.0.1:4000',
    'http://127.1:4000',
    'https://acme.com?x',
    'https://*.acme.com',
    'https://*.acme.com/x',
    'http://',
    'acme.com\nevil.example',
  ]) {
    it(`refuses ${JSON.stringify(entry)}`, () => {
      expect(faultsOf(entry)).to.have.length(1);
    });
  }
});
