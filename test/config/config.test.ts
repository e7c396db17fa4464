import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../config/config.ts';
import { ENV, readEnvironment } from '../../config/env.ts';
import { lifetimes } from '../../config/lifetimes.ts';
import type { Config } from '../../config/types.ts';
import { ARN, useEnvironment } from './environment.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

describe('the configuration', () => {
  const environment = useEnvironment();
  const { load } = environment;

  describe('of an empty environment', () => {
    it('is the default of each variable', () => {
      expect(load({})).to.deep.equal({
        ibHosts: [{ kind: 'pattern', pattern: '*.intelligencebank.com' }],
        host: '127.0.0.1',
        port: 3000,
        issuer: 'http://localhost:3000',
        clientsLimit: 1000,
        clientsFile: join(environment.cwd, 'config/clients.yaml'),
        clients: [],
        resources: [],
        storage: { kind: 'embedded', dataDir: join(environment.cwd, '.data') },
        stage: 'dev',
        secrets: { kind: 'generated', path: join(environment.cwd, '.data/secrets.json') },
        logLevel: 'info',
        audit: { file: undefined, unwritable: 'refuse', mostBytes: undefined, addresses: 'whole' },
        tracing: false,
        lifetimes,
        trustedProxies: 0,
        metricsPort: undefined,
        metricsHost: '127.0.0.1',
        branding: { name: 'IntelligenceBank' },
        ibLogoutUrl: undefined,
        ibSessionCheck: 'refresh',
        ibSessionLogin: 'any',
        accountsPerAddress: 50,
        registration: 'off',
        registrationsPerHour: 20,
        clientIdMetadataHosts: [],
        appHosts: [],
        workers: 1,
      });
    });

    it('counts an empty variable as not set', () => {
      const empty = Object.fromEntries(Object.values(ENV).map((name) => [name, ' ']));
      expect(load(empty)).to.deep.equal(load({}));
    });
  });

  describe('reads', () => {
    const cases: Record<string, [env: Record<string, string>, part: Partial<Config>]> = {
      'the place to listen': [
        { HOST: '0.0.0.0', PORT: '8080' },
        { host: '0.0.0.0', port: 8080, issuer: 'http://localhost:8080' },
      ],
      'what is wanted of sessions that apps hold themselves': [
        { IB_SESSION_CHECK: 'off', IB_SESSION_LOGIN: 'new', ACCOUNTS_PER_ADDRESS: '7' },
        { ibSessionCheck: 'off', ibSessionLogin: 'new', accountsPerAddress: 7 },
      ],
      'hosts that are tied to a clientid': [
        { IB_HOSTS: 'dam.acme.com=6M0B' },
        { ibHosts: [{ kind: 'pattern', pattern: 'dam.acme.com', clientid: '6M0B' }] },
      ],
      'a free port, whose issuer is not known yet': [{ PORT: '0' }, { port: 0, issuer: undefined }],
      'a free port behind an issuer': [
        { PORT: '0', ISSUER: 'https://id.acme.com' },
        { port: 0, issuer: 'https://id.acme.com' },
      ],
      'an issuer, without its trailing slash and default port': [
        { ISSUER: 'HTTPS://Id.Acme.com:443/' },
        { issuer: 'https://id.acme.com' },
      ],
      'an issuer on loopback': [{ ISSUER: 'http://127.0.0.1:9000' }, { issuer: 'http://127.0.0.1:9000' }],
      'a store in memory': [
        { DATA_DIR: ':memory:' },
        {
          storage: { kind: 'embedded', dataDir: ':memory:' },
          secrets: { kind: 'generated', path: ':memory:' },
        },
      ],
      'a store elsewhere': [
        { DATA_DIR: '/var/lib/ib' },
        {
          storage: { kind: 'embedded', dataDir: '/var/lib/ib' },
          secrets: { kind: 'generated', path: '/var/lib/ib/secrets.json' },
        },
      ],
      'secrets in a variable, by its name only': [
        { SECRETS_JSON: '{"version":1}' },
        { secrets: { kind: 'environment', variable: 'SECRETS_JSON' } },
      ],
      'secrets of its own': [
        { SECRETS_FILE: '/run/s.json' },
        { secrets: { kind: 'file', path: '/run/s.json' } },
      ],
      'DynamoDB with the names of a stage': [
        { STORAGE: 'dynamodb', STAGE: 'prod', SECRETS_ARN: ARN },
        {
          storage: {
            kind: 'dynamodb',
            stateTable: 'ib-oauth-state-prod',
            tokenTable: 'ib-oauth-tokens-prod',
          },
          secrets: { kind: 'secrets_manager', arn: ARN },
          stage: 'prod',
        },
      ],
      'DynamoDB where one table is named': [
        { TOKEN_TABLE: 'mine', SECRETS_FILE: '/run/s.json' },
        {
          storage: { kind: 'dynamodb', stateTable: 'ib-oauth-state-dev', tokenTable: 'mine' },
          secrets: { kind: 'file', path: '/run/s.json' },
        },
      ],
      'the embedded store where it is named beside tables': [
        { STORAGE: 'embedded', STATE_TABLE: 'mine' },
        { stage: 'dev' },
      ],
      'the level of logs': [{ LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    };
    for (const [name, [env, part]] of Object.entries(cases)) {
      it(name, () => {
        expect(load(env)).to.deep.include(part);
      });
    }
  });

  it('warns of an issuer on localhost that others are meant to reach', () => {
    const loaded = loadConfig({ HOST: '0.0.0.0' }, { cwd: environment.cwd });
    expect(loaded.ok && loaded.warnings).to.deep.equal([
      'ISSUER: is not set while HOST is reached from elsewhere; its URLs say localhost',
    ]);
  });

  it('cannot be changed, at any depth', () => {
    const loaded = loadConfig({}, { cwd: REPOSITORY });
    const open: string[] = [];
    const visit = (value: unknown, path: string) => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [name, inner] of Object.entries(value)) visit(inner, `${path}.${name}`);
    };
    visit(loaded.ok && loaded.config, 'config');
    expect(open).to.deep.equal([]);
  });

  describe('as it is shipped', () => {
    it('starts with nothing set, and knows the well-known MCP client', () => {
      const loaded = loadConfig({}, { cwd: REPOSITORY });
      if (!loaded.ok) expect.fail(loaded.faults.join('\n'));
      expect(loaded.config.clients.map(({ metadata }) => metadata.client_id)).to.deep.equal([
        'mcp-public-client',
      ]);
      const [client] = loaded.config.clients;
      expect(client?.metadata).to.deep.include({
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        scope: 'openid profile email offline_access ib:api ib:session',
      });
      expect(client?.metadata['redirect_uris']).to.include('https://*.connectingib.com/callback');
      expect(client?.ib).to.deep.equal({
        skipConsent: false,
        bridgeCompat: true,
        refreshTokens: 'always',
        redirectUriWildcards: true,
      });
      expect(loaded.clientSecrets.size).to.equal(0);
      expect(loaded.warnings).to.have.length(1);
    });
  });

  it('comes from a copy of the process environment', () => {
    expect(readEnvironment()).to.deep.equal(process.env);
    expect(readEnvironment()).not.to.equal(process.env);
  });
});
