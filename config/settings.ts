import { join, resolve } from 'node:path';
import { logoFault } from './clients/logo.ts';
import { ENV, type Environment } from './env.ts';
import type { IbHostRule } from './hosts.ts';
import type { Config, SecretsSource, StorageConfig } from './types.ts';
import { readVariables, textOf, type Values } from './variables.ts';

/** In place of a folder: everything is kept in memory and gone with the process. */
const IN_MEMORY = ':memory:';

/** What the environment says, the clients' file left as it was written; a faulty variable has its default. */
export interface Settings extends Omit<Config, 'clients' | 'resources' | 'lifetimes'> {}

/** IntelligenceBank's own hosts; customers' custom domains have to be named. */
const DEFAULT_IB_HOSTS: readonly IbHostRule[] = [{ kind: 'pattern', pattern: '*.intelligencebank.com' }];

const DEFAULT_CLIENTS_FILE = 'config/clients.yaml';

/** The clients' file as the environment names it. */
export function clientsFileOf(env: Environment): string {
  return textOf(env, ENV.clientsFile) ?? DEFAULT_CLIENTS_FILE;
}

/** The environment as settings (contract: "Environment"), every fault in it at once; `faulty` names the variables. */
export function parseSettings(
  env: Environment,
  cwd: string,
): { settings: Settings; faulty: ReadonlySet<string>; faults: string[]; warnings: string[] } {
  const { values, faulty, faults } = readVariables(env);
  const port = values.PORT ?? 3000;
  const storage = storageOf(values, cwd);
  if (storage.kind === 'dynamodb' && storage.stateTable === storage.tokenTable) {
    faults.push(`${ENV.tokenTable}: must not be the table of ${ENV.stateTable}`);
  }
  if ((values.WORKERS ?? 1) > 1 && storage.kind === 'embedded' && storage.dataDir === IN_MEMORY) {
    faults.push(
      `${ENV.workers}: more than one share a store, and ${ENV.dataDir}=${IN_MEMORY} is one process's own`,
    );
  }
  const settings: Settings = {
    host: values.HOST ?? '127.0.0.1',
    port,
    workers: values.WORKERS ?? 1,
    issuer: values.ISSUER ?? (port === 0 ? undefined : new URL(`http://localhost:${port}`).origin),
    clientsFile: values.CLIENTS_FILE ?? DEFAULT_CLIENTS_FILE,
    clientsLimit: values.CLIENTS_LIMIT ?? 1000,
    storage,
    stage: values.STAGE ?? 'dev',
    ibHosts: values.IB_HOSTS ?? DEFAULT_IB_HOSTS,
    secrets: secretsOf(values, storage, env, cwd),
    logLevel: values.LOG_LEVEL ?? 'info',
    audit: auditOf(values, cwd),
    tracing: isSet(env, ENV.traceEndpoint) || isSet(env, ENV.tracesEndpoint),
    ibLogoutUrl: values.IB_LOGOUT_URL,
    ibSessionCheck: values.IB_SESSION_CHECK ?? 'refresh',
    ibSessionLogin: values.IB_SESSION_LOGIN ?? 'any',
    branding: brandingOf(values, cwd),
    metricsPort: values.METRICS_PORT,
    metricsHost: values.METRICS_HOST ?? '127.0.0.1',
    trustedProxies: values.TRUSTED_PROXIES ?? 0,
    accountsPerAddress: values.ACCOUNTS_PER_ADDRESS ?? 50,
    registration: values.REGISTRATION ?? 'off',
    registrationsPerHour: values.REGISTRATIONS_PER_HOUR ?? 20,
    clientIdMetadataHosts: values.CLIENT_ID_METADATA_HOSTS ?? [],
    appHosts: values.APP_HOSTS ?? [],
  };
  return {
    settings,
    faulty,
    faults: [...faults, ...secretsFaults(env, storage), ...brandingFaults(settings.branding)],
    warnings: listenWarnings(settings, values),
  };
}

function storageOf(values: Values, cwd: string): StorageConfig {
  const named = values.STATE_TABLE !== undefined || values.TOKEN_TABLE !== undefined;
  if ((values.STORAGE ?? (named ? 'dynamodb' : 'embedded')) === 'embedded') {
    const folder = values.DATA_DIR ?? '.data';
    return { kind: 'embedded', dataDir: folder === IN_MEMORY ? IN_MEMORY : resolve(cwd, folder) };
  }
  const stage = values.STAGE ?? 'dev';
  return {
    kind: 'dynamodb',
    stateTable: values.STATE_TABLE ?? `ib-oauth-state-${stage}`,
    tokenTable: values.TOKEN_TABLE ?? `ib-oauth-tokens-${stage}`,
  };
}

function auditOf(values: Values, cwd: string): Config['audit'] {
  const { AUDIT_FILE: file, AUDIT_FILE_MB: megabytes } = values;
  return {
    file: file === undefined ? undefined : resolve(cwd, file),
    unwritable: values.AUDIT_UNWRITABLE ?? 'refuse',
    mostBytes: megabytes === undefined ? undefined : megabytes * 1024 * 1024,
    addresses: values.AUDIT_ADDRESSES ?? 'whole',
  };
}

function brandingOf(values: Values, cwd: string): Config['branding'] {
  const { BRAND_LOGO: logo, BRAND_COLOR: color } = values;
  const links = {
    supportUrl: values.SUPPORT_URL,
    privacyUrl: values.PRIVACY_URL,
    termsUrl: values.TERMS_URL,
  };
  return {
    name: values.BRAND_NAME ?? 'IntelligenceBank',
    ...Object.fromEntries(Object.entries(links).filter(([, url]) => url !== undefined)),
    ...(logo === undefined ? {} : { logoFile: resolve(cwd, logo) }),
    ...(color === undefined ? {} : { color }),
  };
}

function brandingFaults({ logoFile }: Config['branding']): string[] {
  const fault = logoFile === undefined ? undefined : logoFault(logoFile);
  return fault === undefined ? [] : [`${ENV.brandLogo}: ${fault}`];
}

function secretsOf(values: Values, storage: StorageConfig, env: Environment, cwd: string): SecretsSource {
  if (isSet(env, ENV.secretsJson)) return { kind: 'environment', variable: ENV.secretsJson };
  if (values.SECRETS_ARN !== undefined) return { kind: 'secrets_manager', arn: values.SECRETS_ARN };
  if (values.SECRETS_FILE !== undefined) return { kind: 'file', path: resolve(cwd, values.SECRETS_FILE) };
  const folder = storage.kind === 'embedded' ? storage.dataDir : IN_MEMORY;
  return { kind: 'generated', path: folder === IN_MEMORY ? IN_MEMORY : join(folder, 'secrets.json') };
}

/** Judged by what is set, right or wrong, so that a mistyped ARN is not also called missing. */
function secretsFaults(env: Environment, storage: StorageConfig): string[] {
  const [first, second] = [ENV.secretsFile, ENV.secretsArn, ENV.secretsJson].filter((name) =>
    isSet(env, name),
  );
  if (second !== undefined) return [`${second}: must not be set beside ${first}; keep one`];
  // Processes that share tables must share keys; one made by the first of them would be unknown to the second.
  if (storage.kind === 'dynamodb' && first === undefined) {
    return [
      `${ENV.secretsFile}: is required with ${ENV.storage}=dynamodb (or ${ENV.secretsArn}, ${ENV.secretsJson})`,
    ];
  }
  return [];
}

function isSet(env: Environment, name: string): boolean {
  return textOf(env, name) !== undefined;
}

function listenWarnings(settings: Settings, values: Values): string[] {
  const isLocal = /^(localhost|127\..*|::1)$/.test(settings.host);
  return values.ISSUER === undefined && !isLocal
    ? [`${ENV.issuer}: is not set while ${ENV.host} is reached from elsewhere; its URLs say localhost`]
    : [];
}
