import { expect } from 'chai';
import { isAtAppHost, parseAppHosts } from '../../config/app-hosts.ts';

const rulesOf = (text: string, any = false) => {
  const parsed = parseAppHosts(text, { any });
  if ('faults' in parsed) throw new Error(parsed.faults.join('; '));
  return parsed.rules;
};

describe('hosts of apps (APP_HOSTS, CLIENT_ID_METADATA_HOSTS)', () => {
  for (const [list, url, anyPort, expected] of [
    ['apps.acme.com', 'https://apps.acme.com/x', false, true],
    ['Apps.Acme.com', 'https://apps.acme.com/x', false, true],
    ['apps.acme.com', 'https://apps.acme.com:8443/x', false, false],
    ['apps.acme.com', 'https://apps.acme.com:8443/x', true, true],
    ['apps.acme.com:8443', 'https://apps.acme.com:8443/x', false, true],
    ['apps.acme.com:8443', 'https://apps.acme.com/x', true, false],
    ['apps.acme.com', 'https://evil.apps.acme.com/', true, false],
    ['apps.acme.com', 'https://apps.acme.com.evil.example/', true, false],
    ['*.acme.com', 'https://a.b.acme.com/', true, true],
    ['*.acme.com', 'https://acme.com/', true, false],
    ['*.acme.com', 'https://evilacme.com/', true, false],
    ['http://10.1.2.3:8080', 'http://10.1.2.3:8080/x', false, true],
    ['http://10.1.2.3:8080', 'https://10.1.2.3:8080/x', true, false],
    ['http://10.1.2.3:8080', 'http://10.1.2.3/x', true, false],
    ['[::1]:4000', 'https://[::1]:4000/', false, true],
    ['a.example, b.example', 'https://b.example/', false, true],
  ] as const) {
    it(`${list} ${expected ? 'is' : 'is not'} where ${url} is${anyPort ? ', whatever the port' : ''}`, () => {
      expect(isAtAppHost(new URL(url), rulesOf(list), { anyPort })).to.equal(expected);
    });
  }

  it('may be all, where that is meant', () => {
    expect(isAtAppHost(new URL('https://any.example/'), rulesOf('*', true), { anyPort: false })).to.equal(
      true,
    );
    expect(isAtAppHost(new URL('https://any.example:1/'), rulesOf('*', true), { anyPort: false })).to.equal(
      false,
    );
    expect(() => rulesOf('*')).to.throw('must be a host, host:port, *.domain or an origin');
  });

  for (const entry of [
    'https://a.example/path',
    'a.example/path',
    'a b.example',
    'user@a.example',
    'https://*.a.example',
    '*.*.a.example',
    'a.*.example',
    'ftp://a.example',
    'a.example?x',
    'a.example#x',
    ':8080',
    'a.example:99999',
    '127.1',
  ]) {
    it(`is not ${entry}`, () => expect(() => rulesOf(entry, true)).to.throw(`"${entry}" must be`));
  }
});
