/**
 * The names of the environment variables that an operator may set, for messages and for `deploy/`.
 * Meanings and defaults: README, "Environment".
 */
export const ENV = Object.freeze({
  host: 'HOST',
  port: 'PORT',
  workers: 'WORKERS',
  issuer: 'ISSUER',
  clientsFile: 'CLIENTS_FILE',
  clientsLimit: 'CLIENTS_LIMIT',
  storage: 'STORAGE',
  dataDir: 'DATA_DIR',
  stateTable: 'STATE_TABLE',
  tokenTable: 'TOKEN_TABLE',
  stage: 'STAGE',
  ibHosts: 'IB_HOSTS',
  ibLogoutUrl: 'IB_LOGOUT_URL',
  ibSessionCheck: 'IB_SESSION_CHECK',
  ibSessionLogin: 'IB_SESSION_LOGIN',
  secretsFile: 'SECRETS_FILE',
  secretsArn: 'SECRETS_ARN',
  secretsJson: 'SECRETS_JSON',
  logLevel: 'LOG_LEVEL',
  auditFile: 'AUDIT_FILE',
  auditFileMegabytes: 'AUDIT_FILE_MB',
  auditUnwritable: 'AUDIT_UNWRITABLE',
  auditAddresses: 'AUDIT_ADDRESSES',
  traceEndpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  tracesEndpoint: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  registration: 'REGISTRATION',
  registrationsPerHour: 'REGISTRATIONS_PER_HOUR',
  trustedProxies: 'TRUSTED_PROXIES',
  accountsPerAddress: 'ACCOUNTS_PER_ADDRESS',
  metricsPort: 'METRICS_PORT',
  metricsHost: 'METRICS_HOST',
  brandName: 'BRAND_NAME',
  brandLogo: 'BRAND_LOGO',
  brandColor: 'BRAND_COLOR',
  supportUrl: 'SUPPORT_URL',
  privacyUrl: 'PRIVACY_URL',
  termsUrl: 'TERMS_URL',
  clientIdMetadataHosts: 'CLIENT_ID_METADATA_HOSTS',
  appHosts: 'APP_HOSTS',
} as const);

/** Variables by name, as the process got them; an empty value counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A copy of the process's environment: the only place in the product that reads `process.env`. */
export function readEnvironment(): Environment {
  return { ...process.env };
}
