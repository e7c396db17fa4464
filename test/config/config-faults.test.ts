import { expect } from 'chai';
import { ARN, useEnvironment } from './environment.ts';

describe('the configuration refuses', () => {
  const { faultsOf } = useEnvironment();
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
    'an issuer in two lines': [
      { ISSUER: 'https://id.acme.com\nx' },
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
    'a device for a file': [{ CLIENTS_FILE: '/dev/zero' }, '/dev/zero: is a pipe or device, not a file'],
    'a pipe for a file': [{ CLIENTS_FILE: 'pipe.yaml' }, 'pipe.yaml: is a pipe or device, not a file'],
    'paths as a shell would take them': [
      { CLIENTS_FILE: '"two.yaml"', DATA_DIR: '~/data', AUDIT_FILE: "'/var/log/audit'" },
      ...['CLIENTS_FILE', 'DATA_DIR', 'AUDIT_FILE'].map(
        (name) => `${name}: must be a path as it is: no shell takes quotes or ~ away here`,
      ),
    ],
    'a file that is not UTF-8': [{ CLIENTS_FILE: 'latin1.yaml' }, 'latin1.yaml: is not UTF-8 text'],
    'a file that is too large': [{ CLIENTS_FILE: 'large.yaml' }, 'large.yaml: is larger than 1048576 bytes'],
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
