import { expect } from 'chai';
import { type AppRedirects, originsOf, originsOfAll } from '../../../src/http/cors.ts';

describe('the origins of many apps', () => {
  const app = (redirectUris: string[], more: Partial<AppRedirects> = {}): AppRedirects => ({
    redirectUris,
    anyLoopbackPort: false,
    wildcards: false,
    ...more,
  });
  const apps = [
    app(['https://one.example/cb', 'https://one.example:8443/cb', 'com.one.app:/cb']),
    app(['http://127.0.0.1/cb', 'http://localhost:3000/cb'], { anyLoopbackPort: true }),
    app(['http://[::1]:4000/cb']),
    app(['https://*.wild.example/cb', 'https://plain.example/cb'], { wildcards: true }),
    app(['https://*.literal.example/cb', 'not a uri']),
  ];

  it('are those of each of them, and no other', () => {
    const all = originsOfAll(apps);
    const asked = [
      'https://one.example',
      'https://one.example:8443',
      'https://one.example:8444',
      'http://one.example',
      'https://ONE.example',
      'https://one.example/',
      'http://127.0.0.1:1',
      'https://127.0.0.1:1',
      'http://localhost:9',
      'http://[::1]:4000',
      'http://[::1]:4001',
      'https://a.wild.example',
      'https://a.b.wild.example',
      'https://wild.example',
      'https://-_.wild.example',
      'https://plain.example',
      'https://a.literal.example',
      'https://*.literal.example',
      'null',
      'com.one.app:',
      '',
      '*',
    ];
    const known = asked.filter((origin) => all.has(origin));
    expect(known).to.deep.equal(asked.filter((origin) => apps.some((one) => originsOf(one).has(origin))));
    expect(known)
      .to.include('https://one.example')
      .and.include('https://a.wild.example')
      .and.not.include('null');
  });
});
