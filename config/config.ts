import { resolve } from 'node:path';
import { LIMITS } from './client-schema.ts';
import { type ParsedClients, parseClients } from './clients.ts';
import { ENV, type Environment } from './env.ts';
import { readTextFile } from './files.ts';
import type { IbHostRule } from './hosts.ts';
import { type Lifetimes, lifetimes } from './lifetimes.ts';
import { coversPlatform, platformFault } from './platforms.ts';
import { parseSettings } from './settings.ts';

/** All that an operator has set, checked and deep-frozen. Holds no secret, so it may be logged. */
export interface Config {
  readonly host: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
  /** The public origin without a trailing slash; undefined where it follows from the free port that `PORT=0` gets. */
  readonly issuer: string | undefined;
  /** Absolute path. */
  readonly clientsFile: string;
  readonly clients: readonly ClientRegistration[];
  readonly resources: readonly ProtectedResource[];
  readonly storage: StorageConfig;
  readonly stage: string;
  readonly ibHosts: readonly IbHostRule[];
  readonly secrets: SecretsSource;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Absolute path of the audit stream's own file; undefined: its lines stand in the log. */
  readonly auditFile: string | undefined;
  /** Whether OpenTelemetry's own variables name an exporter. */
  readonly tracing: boolean;
  readonly lifetimes: Lifetimes;
  /** Called with the sid when a session ends by sign-out or revocation; `{platform}` is its platform's host. Undefined: none. */
  readonly ibLogoutUrl: string | undefined;
  /** What every page shows of the operator. */
  readonly branding: Brand & {
    readonly name: string;
    readonly supportUrl?: string;
    readonly privacyUrl?: string;
    readonly termsUrl?: string;
  };
  /** Where `/metrics` is served for Prometheus, beside the public port; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  /** How many proxies in front are the operator's own: so many entries of `X-Forwarded-For` are believed. */
  readonly trustedProxies: number;
  /** Dynamic registration (RFC 7591): off, with an initial access token, or open to everybody. */
  readonly registration: 'off' | 'token' | 'open';
  /** Hosts whose client-ID metadata documents are fetched; none: the feature is off. */
  readonly clientIdMetadataHosts: readonly string[];
}

/** How somebody's pages look: a picture's absolute path, and a colour (`#rrggbb`) that is readable on white. */
export interface Brand {
  readonly logoFile?: string;
  readonly color?: string;
}

/** Where state is kept. `dataDir` is an absolute path, or `:memory:`. */
export type StorageConfig =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | { readonly kind: 'dynamodb'; readonly stateTable: string; readonly tokenTable: string };

/** Where the server's own keys come from. `generated` makes the file on first start; its path may be `:memory:`. */
export type SecretsSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'generated'; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'secrets_manager'; readonly arn: string };

/** One registered app: what the provider gets to know, and what is the product's own. */
export interface ClientRegistration {
  /** RFC 7591 names and values, validated, defaults filled in; never with `client_secret`. */
  readonly metadata: Readonly<Record<string, unknown>> & { readonly client_id: string };
  readonly ib: {
    /** Platforms (as written for IB_HOSTS) its users may sign in to; absent: all that IB_HOSTS allows. */
    readonly platforms?: readonly string[];
    readonly defaultPlatform?: string;
    /** How the pages look that are about this app. */
    readonly brand?: Brand;
    readonly skipConsent: boolean;
    readonly bridgeCompat: boolean;
    /** `always`: the refresh_token grant type is enough; `offline_access`: the scope must be asked for too. */
    readonly refreshTokens: 'always' | 'offline_access';
    /** True where a redirect URI holds a wildcard label, `https://*.example.com/callback`. */
    readonly redirectUriWildcards?: boolean;
  };
}

/** Accepted secrets by client_id, newest first; apart from Config so that Config can be logged. */
export type ClientSecrets = ReadonlyMap<string, readonly string[]>;

/** A protected resource (RFC 8707) that apps may ask tokens for. */
export interface ProtectedResource {
  readonly identifier: string;
  readonly scopes: readonly string[];
  readonly tokenFormat: 'opaque' | 'jwt';
  readonly name?: string;
  /** The client that this resource server authenticates as, to introspect and exchange tokens made for it. */
  readonly clientId?: string;
}

/** What loading gives: everything, or every fault, each one line that names file or variable and the path inside. */
export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: Config;
      readonly clientSecrets: ClientSecrets;
      /** The server's own keys where a variable holds them: never part of `config`, which may be logged. */
      readonly secretsText?: string;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly faults: string[] };

/**
 * Reads the environment and the clients' file into one frozen Config. Relative paths of variables start at `cwd`.
 * Every fault is reported, those of the file too where a variable is wrong.
 */
export function loadConfig(
  env: Environment,
  { cwd = process.cwd() }: { readonly cwd?: string } = {},
): LoadedConfig {
  const { settings, faulty, faults, warnings } = parseSettings(env, cwd);
  const path = resolve(cwd, settings.clientsFile);
  const parsed = readClients(settings.clientsFile, path, {
    env,
    // A faulty IB_HOSTS has one fault of its own, and none for each platform.
    ibHosts: faulty.has(ENV.ibHosts) ? undefined : settings.ibHosts,
  });
  if (faults.length > 0 || !parsed.ok) {
    return { ok: false, faults: [...faults, ...(parsed.ok ? [] : parsed.faults)] };
  }
  const { clients, resources, clientSecrets } = parsed;
  const config = deepFreeze({ ...settings, clientsFile: path, clients, resources, lifetimes });
  const secretsText = config.secrets.kind === 'environment' ? env[config.secrets.variable] : undefined;
  return {
    ok: true,
    config,
    clientSecrets,
    ...(secretsText === undefined ? {} : { secretsText }),
    warnings: [...warnings, ...parsed.warnings],
  };
}

/** The clients' file by itself, for a reload or a check of text that is not written yet. */
function readClients(
  name: string,
  path: string,
  { env, ibHosts }: { readonly env: Environment; readonly ibHosts: readonly IbHostRule[] | undefined },
): ParsedClients {
  const file = readTextFile(path, LIMITS.fileBytes);
  if (!file.ok) return { ok: false, faults: [`${name}: ${file.reason}`], warnings: [] };
  return parseClients(file.text, {
    name,
    path,
    env,
    coversPlatform,
    platformFault: (platform) => platformFault(platform, ibHosts),
  });
}

/** The values are trees: zod copied them, and keeps nothing of a YAML alias that points back. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner);
  }
  return value;
}
