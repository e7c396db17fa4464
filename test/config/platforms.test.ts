import { expect } from 'chai';
import type { IbHostRule } from '../../config/hosts.ts';
import { coversPlatform, platformFault } from '../../config/platforms.ts';

const HOSTS: IbHostRule[] = [
  { kind: 'pattern', pattern: '*.intelligencebank.com' },
  { kind: 'pattern', pattern: 'dam.acme.com' },
  { kind: 'origin', origin: 'http://127.0.0.1:4000' },
];
const FORM = 'must be a host, as acme.intelligencebank.com, without a path';
const FOREIGN = 'is not allowed by IB_HOSTS';

describe('a platform of a client', () => {
  const cases: [platform: string, fault: string | undefined][] = [
    ['acme.intelligencebank.com', undefined],
    ['ACME.IntelligenceBank.com', undefined],
    ['https://acme.intelligencebank.com/', undefined],
    ['https://acme.intelligencebank.com:443', undefined],
    ['dam.acme.com', undefined],
    ['http://127.0.0.1:4000', undefined],
    ['127.0.0.1:4000', undefined],
    ['*.intelligencebank.com', undefined],
    ['*.eu.intelligencebank.com', undefined],
    ['intelligencebank.com', FOREIGN],
    ['evilintelligencebank.com', FOREIGN],
    ['acme.intelligencebank.com.evil.example', FOREIGN],
    ['http://acme.intelligencebank.com', FOREIGN],
    ['http://127.0.0.1:4001', FOREIGN],
    ['127.0.0.1:4001', FOREIGN],
    ['acme.intelligencebank.com:8443', FOREIGN],
    ['acme', FOREIGN],
    ['*.acme.com', FOREIGN],
    ['*.com', FOREIGN],
    ['acme.intelligencebank.com/path', FORM],
    ['a@acme.intelligencebank.com', FORM],
    ['a*.intelligencebank.com', FORM],
    ['*', FORM],
    ['ftp://acme.intelligencebank.com', FORM],
    ['acme.intelligencebank.com?x', FORM],
    [' ', FORM],
  ];
  for (const [platform, fault] of cases) {
    it(`${JSON.stringify(platform)} ${fault ?? 'is fine'}`, () => {
      expect(platformFault(platform, HOSTS)).to.equal(fault);
    });
  }

  it('is judged by its form alone where IB_HOSTS is faulty', () => {
    expect(platformFault('evil.example', undefined)).to.equal(undefined);
    expect(platformFault('evil.example/x', undefined)).to.equal(FORM);
  });

  it('is covered by a pattern only below its domain', () => {
    expect(coversPlatform('*.acme.com', 'dam.acme.com')).to.equal(true);
    expect(coversPlatform('*.acme.com', 'acme.com')).to.equal(false);
    expect(coversPlatform('*.acme.com', '*.eu.acme.com')).to.equal(true);
    expect(coversPlatform('HTTPS://Dam.acme.com/', 'dam.acme.com')).to.equal(true);
    expect(coversPlatform('dam.acme.com', '*.acme.com')).to.equal(false);
    expect(coversPlatform('nonsense/', '/')).to.equal(false);
  });
});
