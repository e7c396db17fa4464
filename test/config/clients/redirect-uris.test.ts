import { expect } from 'chai';
import { redirectUriFault, webUriFault } from '../../../config/clients/redirect-uris.ts';

const web = { native: false, wildcards: false, vouched: true };
const native = { native: true, wildcards: false, vouched: true };
const bridge = { native: false, wildcards: true, vouched: true };
/** An app that registered itself. */
const stranger = { native: true, wildcards: false, vouched: false };

const REVERSE =
  'must be https, loopback, or a scheme that is a domain in reverse (com.example.app:/callback)';

const SLASHES = 'must have two slashes between scheme and host: https://app.example/callback';

const WILDCARD =
  'may hold a wildcard only as the whole first label of the host: https://*.example.com/callback';

describe('a redirect URI', () => {
  const good: [uri: string, options: typeof web][] = [
    ['https://app.example/callback', web],
    ['https://app.example:8443/callback?tenant=1&x=%20', web],
    ['http://localhost:3001/callback', web],
    ['http://127.0.0.1/callback', web],
    ['http://[::1]:9000/callback', native],
    ['https://claude.ai/api/mcp/auth_callback', native],
    ['com.example.app:/oauth', native],
    ['cursor://anysphere.cursor-mcp/oauth/callback', native],
    ['https://app.example/users/@me', web],
    ['com.example.app:/@me', native],
    ['acme:/callback', native],
    ['com.example.app:/oauth', stranger],
    ['cursor://anysphere.cursor-mcp/oauth/callback', stranger],
    ['vscode://vendor.extension/callback', stranger],
    ['http://127.0.0.1:33418/', stranger],
    ['https://*.connectingib.com/callback', bridge],
    ['https://*.apps.connectingib.com:8443/callback', bridge],
  ];
  for (const [uri, options] of good) {
    it(`may be ${uri}`, () => expect(redirectUriFault(uri, options)).to.equal(undefined));
  }

  const bad: [uri: string, options: typeof web, fault: string][] = [
    ['http://app.example/callback', web, 'must be https or loopback'],
    ['http://app.example/callback', native, 'must be https or loopback'],
    ['http://127.0.0.1.evil.example/callback', native, 'must be https or loopback'],
    ['http://localhost.evil.example/callback', web, 'must be https or loopback'],
    ['http://10.0.0.1/callback', web, 'must be https or loopback'],
    ['callback', web, 'must be an absolute URI'],
    ['/callback', native, 'must be an absolute URI'],
    ['//app.example/callback', web, 'must be an absolute URI'],
    ['https://', web, 'must be an absolute URI'],
    ['https://app.example/callback#', web, 'must not have a fragment (#)'],
    ['https://app.example/callback#x', web, 'must not have a fragment (#)'],
    ['https://user:pass@app.example/', web, 'must not hold a user name or password'],
    ['https://@app.example/', web, 'must not hold a user name or password'],
    ['https:app.example@evil.example/', web, SLASHES],
    ['https:app.example/callback', web, SLASHES],
    ['https:/app.example/callback', native, SLASHES],
    ['https:///app.example/callback', bridge, SLASHES],
    ['HTTP:127.0.0.1/callback', native, SLASHES],
    ['http:/localhost:3001/callback', stranger, SLASHES],
    ['http://localhost@evil.example/', native, 'must not hold a user name or password'],
    ['https://app.example/a b', web, 'must be ASCII without spaces or control characters'],
    ['https://app.example/\n', web, 'must be ASCII without spaces or control characters'],
    ['https://äpp.example/', web, 'must be ASCII without spaces or control characters'],
    ['https://app.example\\@evil.example/', web, 'must not hold any of \\ " < > ^ ` { | }'],
    [
      'com.example.app:/oauth',
      web,
      'must be https or loopback (a custom scheme needs application_type: native)',
    ],
    ['javascript:alert(1)', native, 'must not use the scheme javascript'],
    ['JavaScript:alert(1)', web, 'must not use the scheme javascript'],
    ['data:text/html,x', native, 'must not use the scheme data'],
    ['file:///etc/passwd', native, 'must not use the scheme file'],
    ...[
      'mailto:a@app.example',
      'ms-msdt:/id',
      'MS-Settings:x',
      'search-ms:query=x',
      'view-source:https://a.example',
      'tel:123',
      'intent://x#y'.slice(0, -2),
      'about:blank',
      'blob:x',
      'ws://a.example/',
      'web+evil:x',
    ].flatMap((uri): [string, typeof web, string][] =>
      [native, stranger].map((options) => [
        uri,
        options,
        `must not use the scheme ${new URL(uri).protocol.slice(0, -1)}`,
      ]),
    ),
    ['acme:/callback', stranger, REVERSE],
    ['zoommtg://join', stranger, REVERSE],
    ['cursor://user@anysphere.cursor-mcp/callback', native, 'must not hold a user name or password'],
    ['https://localhost/callback', native, 'must be http, not https, on loopback for a native app'],
    ['https://*/callback', bridge, WILDCARD],
    ['https://*.com/callback', bridge, WILDCARD],
    ['https://a*.connectingib.com/callback', bridge, WILDCARD],
    ['https://*x.connectingib.com/callback', bridge, WILDCARD],
    ['https://*.*.connectingib.com/callback', bridge, WILDCARD],
    ['https://a.*.connectingib.com/callback', bridge, WILDCARD],
    ['https://*.connectingib.com/*', bridge, WILDCARD],
    ['https://connectingib.com/callback?x=*', bridge, WILDCARD],
    ['https://*.connectingib.com', bridge, WILDCARD],
    ['https://*.connectingib.com@evil.example/callback', bridge, WILDCARD],
    ['http://*.connectingib.com/callback', bridge, WILDCARD],
    ['https://*.connectingib.com:99999/callback', bridge, WILDCARD],
  ];
  for (const [uri, options, fault] of bad) {
    it(`${JSON.stringify(uri)} ${fault}`, () => expect(redirectUriFault(uri, options)).to.equal(fault));
  }

  it('that passes is always read by URL with the host that stands in it', () => {
    const hosts = ['a.example', 'localhost', '127.0.0.1', 'a.example:8443', '[::1]'];
    const tails = [
      '',
      '/',
      '/cb',
      '?x=1',
      '/@b.example',
      '/\\b.example',
      '@b.example/',
      '\t.b.example/',
      '#@b.example',
    ];
    for (const host of hosts) {
      for (const tail of tails) {
        for (const options of [web, native, bridge]) {
          const uri = `https://${host}${tail}`;
          if (redirectUriFault(uri, options) === undefined) expect(new URL(uri).host, uri).to.equal(host);
        }
      }
    }
  });
});

describe('a URI of a page or of keys', () => {
  const cases: [uri: string, loopback: boolean, fault: string | undefined][] = [
    ['https://a.example/logo.png', false, undefined],
    ['http://localhost/logo.png', false, 'must be https'],
    ['http://localhost/jwks', true, undefined],
    ['http://a.example/jwks', true, 'must be https or loopback'],
    ['https://u@a.example/jwks', true, 'must not hold a user name or password'],
    ['logo.png', false, 'must be an absolute URI'],
    ['javascript:alert(1)', true, 'must be https or loopback'],
    ['https://a.example/ logo', false, 'must be ASCII without spaces or control characters'],
  ];
  for (const [uri, loopback, fault] of cases) {
    it(`${uri}${loopback ? ' (loopback allowed)' : ''} ${fault ?? 'is fine'}`, () => {
      expect(webUriFault(uri, { loopback })).to.equal(fault);
    });
  }
});
