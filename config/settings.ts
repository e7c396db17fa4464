import { join, resolve } from 'node:path';
import * as z from 'zod';
import { parseAppHosts } from './app-hosts.ts';
import { colorFault } from './clients/colors.ts';
import { logoFault } from './clients/logo.ts';
import { isLoopbackHost } from './clients/redirect-uris.ts';
import { ENV, type Environment } from './env.ts';
import { faultsOfIssues } from './faults.ts';
import { type IbHostRule, parseIbHosts } from './hosts.ts';
import type { Config, SecretsSource, StorageConfig } from './types.ts';

/** In place of a folder: everything is kept in memory and gone with the process. */
export const IN_MEMORY = ':memory:';

/** What the environment says, the clients' file left as it was written; a faulty variable has its default. */
export interface Settings extends Omit<Config, 'clients' | 'resources' | 'lifetimes'> {}

/** IntelligenceBank's own hosts; customers' custom domains have to be named. */
const DEFAULT_IB_HOSTS: readonly IbHostRule[] = [{ kind: 'pattern', pattern: '*.intelligencebank.com' }];

const REGISTRATION_MODES = ['off', 'token', 'open', 'bridge'] as const;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const TABLE = z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, 'must be 3 to 255 of A-Z a-z 0-9 _ . -');
const HOST = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be an IP address or a host name');
const PATH = z.string().max(4096);
const WEB_URL = z.url({ protocol: /^https$/, error: 'must be an https URL' }).max(2048);

/** One schema a variable: text in, value out. */
const VARIABLES = {
  [ENV.host]: HOST,
  [ENV.port]: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a whole number from 0 to 65535'),
  [ENV.workers]: z
    .string()
    .regex(/^[1-9]\d?$/, 'must be a whole number from 1 to 99')
    .transform(Number),
  [ENV.issuer]: z.string().max(2048).transform(toIssuer),
  [ENV.clientsFile]: PATH,
  [ENV.storage]: z.enum(['embedded', 'dynamodb']),
  [ENV.dataDir]: PATH,
  [ENV.stateTable]: TABLE,
  [ENV.tokenTable]: TABLE,
  [ENV.stage]: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 of A-Z a-z 0-9 _ -'),
  [ENV.ibHosts]: z.string().max(10_000).transform(toHostRules),
  [ENV.ibLogoutUrl]: z
    .string()
    .max(2048)
    .regex(
      /^https?:\/\/(\{platform\}|[^/{}\s]+)\/[^{}\s]*$/,
      'must be a URL, its host {platform} or a host of IB_HOSTS',
    ),
  [ENV.ibSessionCheck]: z.enum(['refresh', 'off']),
  [ENV.ibSessionLogin]: z.enum(['any', 'new']),
  [ENV.secretsFile]: PATH,
  [ENV.secretsArn]: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/,
      'must be the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME',
    ),
  [ENV.logLevel]: z.enum(LOG_LEVELS),
  [ENV.auditFile]: PATH,
  [ENV.auditFileMegabytes]: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1')
    .transform(Number),
  [ENV.auditUnwritable]: z.enum(['refuse', 'continue']),
  [ENV.auditAddresses]: z.enum(['whole', 'cut', 'off']),
  [ENV.brandName]: z
    .string()
    .max(60)
    .regex(/^\P{C}*$/u, 'must be one line of at most 60 characters'),
  [ENV.brandLogo]: PATH,
  [ENV.brandColor]: z.string().transform((text, context) => {
    const message = colorFault(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
    return text.toLowerCase();
  }),
  [ENV.supportUrl]: z
    .url({ protocol: /^(https|mailto)$/, error: 'must be an https or mailto URL' })
    .max(2048),
  [ENV.privacyUrl]: WEB_URL,
  [ENV.termsUrl]: WEB_URL,
  [ENV.metricsPort]: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a port'),
  [ENV.metricsHost]: HOST,
  [ENV.trustedProxies]: z
    .string()
    .regex(/^\d$/, 'must be the number of proxies in front, 0 to 9')
    .transform(Number),
  [ENV.accountsPerAddress]: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1')
    .transform(Number),
  [ENV.registration]: z.enum(REGISTRATION_MODES),
  [ENV.registrationsPerHour]: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1 to 999999')
    .transform(Number),
  [ENV.clientIdMetadataHosts]: appHosts({ any: true }),
  [ENV.appHosts]: appHosts({ any: false }),
} as const;

type Variables = typeof VARIABLES;
type Values = { readonly [Name in keyof Variables]?: z.output<Variables[Name]> };

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
    clientsFile: values.CLIENTS_FILE ?? 'config/clients.yaml',
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

function readVariables(env: Environment): { values: Values; faulty: ReadonlySet<string>; faults: string[] } {
  const values: Record<string, unknown> = {};
  const faulty = new Set<string>();
  const faults: string[] = [];
  for (const [name, schema] of Object.entries(VARIABLES)) {
    const text = env[name]?.trim();
    if (text === undefined || text === '') continue;
    const parsed = schema.safeParse(text);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      faulty.add(name);
      faults.push(...faultsOfIssues(parsed.error.issues).map(({ message }) => `${name}: ${message}`));
    }
  }
  // Each value is the output of the schema of its own name.
  return { values: values as Values, faulty, faults };
}

function toIssuer(text: string, context: z.RefinementCtx): string {
  const url = URL.parse(text);
  const isOrigin =
    url !== null && /^https?:\/\/[^/?#@\\]+\/?$/i.test(text) && ['http:', 'https:'].includes(url.protocol);
  if (!isOrigin) {
    context.addIssue('must be an origin, https://host or https://host:port, without a path');
    return z.NEVER;
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    context.addIssue('must be https, or http on localhost, 127.0.0.1 or [::1]');
  }
  return url.origin;
}

function toHostRules(text: string, context: z.RefinementCtx): readonly IbHostRule[] {
  const parsed = parseIbHosts(text);
  if ('rules' in parsed) return parsed.rules;
  for (const fault of parsed.faults) context.addIssue(fault.replaceAll(/\s+/g, ' ').slice(0, 300));
  return z.NEVER;
}

function appHosts(options: { readonly any: boolean }) {
  return z
    .string()
    .max(10_000)
    .transform((text, context) => {
      const parsed = parseAppHosts(text, options);
      if ('rules' in parsed) return parsed.rules;
      for (const fault of parsed.faults) context.addIssue(fault.replaceAll(/\s+/g, ' ').slice(0, 300));
      return z.NEVER;
    });
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
  return (env[name]?.trim() ?? '') !== '';
}

function listenWarnings(settings: Settings, values: Values): string[] {
  const isLocal = /^(localhost|127\..*|::1)$/.test(settings.host);
  return values.ISSUER === undefined && !isLocal
    ? [`${ENV.issuer}: is not set while ${ENV.host} is reached from elsewhere; its URLs say localhost`]
    : [];
}
