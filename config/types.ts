/** What the operator's settings are once read: shared by those who read them and those who are handed them. */
import type { AppHostRule } from './app-hosts.ts';
import type { IbHostRule } from './hosts.ts';
import type { Lifetimes } from './lifetimes.ts';

/** All that an operator has set, checked and deep-frozen. Holds no secret, so it may be logged. */
export interface Config {
  readonly host: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
  /** Processes that share the port and the store. */
  readonly workers: number;
  /** The public origin without a trailing slash; undefined where it follows from the free port that `PORT=0` gets. */
  readonly issuer: string | undefined;
  /** Absolute path. */
  readonly clientsFile: string;
  /** How many apps the file may hold. */
  readonly clientsLimit: number;
  readonly clients: readonly ClientRegistration[];
  readonly resources: readonly ProtectedResource[];
  readonly storage: StorageConfig;
  readonly stage: string;
  readonly ibHosts: readonly IbHostRule[];
  readonly secrets: SecretsSource;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly audit: {
    /** Absolute path of the stream's own file; undefined: its lines stand in the log. */
    readonly file: string | undefined;
    /** What happens while the file cannot be written: nothing that would have to be told, or everything, with an alarm. */
    readonly unwritable: 'refuse' | 'continue';
    /** Beyond it the file is moved aside; undefined: never. */
    readonly mostBytes: number | undefined;
    /** What the stream keeps of clients' addresses: all, their network, or nothing. */
    readonly addresses: 'whole' | 'cut' | 'off';
  };
  /** Whether OpenTelemetry's own variables name an exporter. */
  readonly tracing: boolean;
  readonly lifetimes: Lifetimes;
  /** Called with the sid when a session ends by sign-out or revocation; `{platform}` is its platform's host. Undefined: none. */
  readonly ibLogoutUrl: string | undefined;
  /** When the sid of a grant with `ib:session` is asked about at IB: at each refresh, or never. */
  readonly ibSessionCheck: 'refresh' | 'off';
  /** Which logins at IB an app with `ib:session` gets: any, or only one made for its own request. */
  readonly ibSessionLogin: 'any' | 'new';
  /** What every page shows of the operator. */
  readonly branding: Brand & {
    readonly name: string;
    readonly supportUrl?: string;
    readonly privacyUrl?: string;
    readonly termsUrl?: string;
  };
  /** Where `/metrics` is served for Prometheus, beside the public port; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  /** Of which address of this machine: loopback, unless the operator says who else may read it. */
  readonly metricsHost: string;
  /** How many proxies in front are the operator's own: so many entries of `X-Forwarded-For` are believed. */
  readonly trustedProxies: number;
  /** So many different accounts may sign in from one address within an hour before it is told. */
  readonly accountsPerAddress: number;
  /** Dynamic registration (RFC 7591): off, with an initial access token, open to everybody, or `bridge`: the configured client is the answer. */
  readonly registration: 'off' | 'token' | 'open' | 'bridge';
  /** How many registrations of one address are accepted in an hour. */
  readonly registrationsPerHour: number;
  /** Hosts whose client-ID metadata documents are fetched; none: the feature is off. */
  readonly clientIdMetadataHosts: readonly AppHostRule[];
  /** Hosts of the operator's own network that are called for configured apps: their keys, their back-channel logout. */
  readonly appHosts: readonly AppHostRule[];
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
    /** `fapi2`: the FAPI 2.0 Security Profile holds for this client. */
    readonly profile?: 'fapi2';
    /** False: ID tokens hold no `ib_…` claims; absent: they do. */
    readonly idTokenIbClaims?: false;
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
