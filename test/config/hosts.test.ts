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

  it('ties a host, a domain or an origin to one clientid, its case kept', () => {
    expect(parseIbHosts('DAM.acme.com=6M0B, *.acme.org = 7q2C,http://127.0.0.1:4000/=a_b-c')).to.deep.equal({
      rules: [
        { kind: 'pattern', pattern: 'dam.acme.com', clientid: '6M0B' },
        { kind: 'pattern', pattern: '*.acme.org', clientid: '7q2C' },
        { kind: 'origin', origin: 'http://127.0.0.1:4000', clientid: 'a_b-c' },
      ],
    });
  });

  it('refuses a host that is tied to two', () => {
    expect(faultsOf('dam.acme.com=6M0B,dam.acme.com=6M0B')).to.deep.equal([]);
    expect(faultsOf('dam.acme.com=6M0B,DAM.acme.com=6m0b')).to.deep.equal([
      '"dam.acme.com" is tied to two clientids; keep one',
    ]);
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
    'dam.acme.com=',
    'dam.acme.com=6M 0B',
    'dam.acme.com=6M.0B',
    '=6M0B',
    'dam.acme.com=6M0B=7q2C',
    `dam.acme.com=${'x'.repeat(65)}`,
  ]) {
    it(`refuses ${JSON.stringify(entry)}`, () => {
      expect(faultsOf(entry)).to.have.length(1);
    });
  }
});
