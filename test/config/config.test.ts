import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../config/config.ts';
import { ENV, readEnvironment } from '../../config/env.ts';
import { lifetimes } from '../../config/lifetimes.ts';
import type { Config } from '../../config/types.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;
const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:ib-oauth-AbCdEf';

describe('the configuration', () => {
  let cwd: string;
  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'ib-oauth-config-'));
    mkdirSync(join(cwd, 'config'));
    writeFileSync(join(cwd, 'config/clients.yaml'), 'clients: []\n');
    writeFileSync(
      join(cwd, 'two.yaml'),
      'clients:\n  - { client_id: a, token_endpoint_auth_method: none, redirect_uris: [http://a.example/cb] }\n  - { client_id: a b }\n',
    );
    writeFileSync(
      join(cwd, 'platforms.yaml'),
      `clients: [{ client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/cb'], ib: { platforms: [ACME.intelligencebank.com, 'https://b.intelligencebank.com/', evil.example, 'http://127.0.0.1:4000'], default_platform: acme.intelligencebank.com } }]`,
    );
    writeFileSync(join(cwd, 'latin1.yaml'), Buffer.from([0x23, 0xe4]));
    writeFileSync(join(cwd, 'large.yaml'), `#${'x'.repeat(1024 * 1024)}`);
  });
  after(() => rmSync(cwd, { recursive: true }));

  const load = (env: Record<string, string | undefined>): Config => {
    const loaded = loadConfig(env, { cwd });
    return loaded.ok ? loaded.config : expect.fail(loaded.faults.join('\n'));
  };
  const faultsOf = (env: Record<string, string | undefined>) => {
    const loaded = loadConfig(env, { cwd });
    return loaded.ok ? [] : loaded.faults;
  };

  describe('of an empty environment', () => {
    it('is the default of each variable', () => {
      expect(load({})).to.deep.equal({
        ibHosts: [{ kind: 'pattern', pattern: '*.intelligencebank.com' }],
        host: '127.0.0.1',
        port: 3000,
        issuer: 'http://localhost:3000',
        clientsLimit: 1000,
        clientsFile: join(cwd, 'config/clients.yaml'),
        clients: [],
        resources: [],
        storage: { kind: 'embedded', dataDir: join(cwd, '.data') },
        stage: 'dev',
        secrets: { kind: 'generated', path: join(cwd, '.data/secrets.json') },
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

  describe('refuses', () => {
    const cases: Record<string, [env: Record<string, string>, ...faults: string[]]> = {
      'a port that is none': [{ PORT: '70000' }, 'PORT: must be a whole number from 0 to 65535'],
      'text for a port': [{ PORT: 'http' }, 'PORT: must be a whole number from 0 to 65535'],
      'a host with a scheme': [{ HOST: 'http://a' }, 'HOST: must be an IP address or a host name'],
      'an issuer with a path': [
        { ISSUER: 'https://acme.com/oauth' },
        'ISSUER: must be an origin, https://host or https://host:port, without a path',
      ],
      'an issuer without a scheme': [
        { ISSUER: 'acme.com' },
        'ISSUER: must be an origin, https://host or https://host:port, without a path',
      ],
      'an issuer with a user': [
        { ISSUER: 'https://a@acme.com' },
        'ISSUER: must be an origin, https://host or https://host:port, without a path',
      ],
      'an issuer that is no one host': [
        { ISSUER: 'https://*.acme.com' },
        'ISSUER: must be an origin, https://host or https://host:port, without a path',
      ],
      'an issuer with a dot at its end': [
        { ISSUER: 'https://id.acme.com./' },
        'ISSUER: must be an origin, https://host or https://host:port, without a path',
      ],
      'an issuer with an empty label': [
        { ISSUER: 'https://id..acme.com' },
        'ISSUER: must be an origin, https://host or https://host:port, without a path',
      ],
      'an issuer over http': [
        { ISSUER: 'http://acme.com' },
        'ISSUER: must be https, or http on localhost, 127.0.0.1 or [::1]',
      ],
      'an unknown store': [{ STORAGE: 'redis' }, 'STORAGE: must be one of embedded, dynamodb'],
      'a name no table can have': [
        { STATE_TABLE: 'a b', TOKEN_TABLE: 'tokens', SECRETS_ARN: ARN },
        'STATE_TABLE: must be 3 to 255 of A-Z a-z 0-9 _ . -',
      ],
      'one table for both': [
        { STATE_TABLE: 'one', TOKEN_TABLE: 'one', SECRETS_ARN: ARN },
        'TOKEN_TABLE: must not be the table of STATE_TABLE',
      ],
      'a stage with a slash': [{ STAGE: 'a/b' }, 'STAGE: must be 1 to 32 of A-Z a-z 0-9 _ -'],
      'DynamoDB without secrets': [
        { STORAGE: 'dynamodb' },
        'SECRETS_FILE: is required with STORAGE=dynamodb (or SECRETS_ARN, SECRETS_JSON)',
      ],
      'two places of secrets': [
        { SECRETS_FILE: 'a', SECRETS_ARN: ARN },
        'SECRETS_ARN: must not be set beside SECRETS_FILE; keep one',
      ],
      'an ARN of something else': [
        { STORAGE: 'dynamodb', SECRETS_ARN: 'arn:aws:s3:::bucket' },
        'SECRETS_ARN: must be the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME',
      ],
      'an unknown level of logs': [
        { LOG_LEVEL: 'loud' },
        'LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent',
      ],
      'a brand that cannot be read': [
        { BRAND_COLOR: '#ffee88', BRAND_LOGO: 'logo.gif', PRIVACY_URL: 'http://acme.com' },
        'BRAND_COLOR: is too light to be read on white: contrast 1.2, needs 4.5',
        'PRIVACY_URL: must be an https URL',
        'BRAND_LOGO: must be one of .svg, .png, .webp',
      ],
      'a file that is not there': [{ CLIENTS_FILE: 'none.yaml' }, 'none.yaml: does not exist'],
      'a folder for a file': [{ CLIENTS_FILE: 'config' }, 'config: is a folder, not a file'],
      'a file that is not UTF-8': [{ CLIENTS_FILE: 'latin1.yaml' }, 'latin1.yaml: is not UTF-8 text'],
      'a file that is too large': [
        { CLIENTS_FILE: 'large.yaml' },
        'large.yaml: is larger than 1048576 bytes',
      ],
    };
    for (const [name, [env, ...faults]] of Object.entries(cases)) {
      it(name, () => expect(faultsOf(env)).to.deep.equal(faults));
    }

    it('every mistake of the environment and of the file at once', () => {
      expect(
        faultsOf({ PORT: 'x', ISSUER: 'http://acme.com', LOG_LEVEL: 'loud', CLIENTS_FILE: 'two.yaml' }),
      ).to.deep.equal([
        'PORT: must be a whole number from 0 to 65535',
        'ISSUER: must be https, or http on localhost, 127.0.0.1 or [::1]',
        'LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent',
        'two.yaml: clients[0].redirect_uris[0]: must be https or loopback',
        'two.yaml: clients[1].client_id: must be printable ASCII without spaces',
        'two.yaml: clients[1].token_endpoint_auth_method: client_secret_basic needs client_secret_env or client_secret_file (or set none for a public client)',
        'two.yaml: clients[1].redirect_uris: is needed for the authorization_code grant type',
      ]);
    });

    it('platforms that IB_HOSTS does not allow, however they are spelt', () => {
      expect(faultsOf({ CLIENTS_FILE: 'platforms.yaml' })).to.deep.equal([
        'platforms.yaml: clients[0].ib.platforms[2]: is not allowed by IB_HOSTS',
        'platforms.yaml: clients[0].ib.platforms[3]: is not allowed by IB_HOSTS',
      ]);
      expect(
        faultsOf({
          CLIENTS_FILE: 'platforms.yaml',
          IB_HOSTS: '*.intelligencebank.com, evil.example, http://127.0.0.1:4000',
        }),
      ).to.deep.equal([]);
    });

    it('a list of hosts with a mistake, and does not then blame the platforms', () => {
      expect(faultsOf({ CLIENTS_FILE: 'platforms.yaml', IB_HOSTS: 'https://,a\nb' })).to.deep.equal([
        'IB_HOSTS: "https://" must be an http or https origin',
        'IB_HOSTS: "a b" must be a host, *.domain, or an origin with its scheme',
      ]);
    });
  });

  it('warns of an issuer on localhost that others are meant to reach', () => {
    const loaded = loadConfig({ HOST: '0.0.0.0' }, { cwd });
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
