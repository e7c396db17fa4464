import * as z from 'zod';
import { once } from '../once.ts';
import { LIMITS } from './size-limits.ts';
import {
  CLIENT_AUTH_METHODS,
  CLIENT_SIGNING_ALGS,
  GRANT_TYPES,
  RESPONSE_MODES,
  RESPONSE_TYPES,
  SERVER_SIGNING_ALGS,
} from './supported.ts';

/*
 * The shape of clients.yaml, one field a line. What needs two fields, the environment or another file is in
 * rules.ts. `npm run schema` writes clients.schema.json from here, so each description is what an editor shows. Schemas are
 * made when first asked for: a function on Lambda that starts with a file read at its build never needs them.
 */

const text = (max: number, description: string) => z.string().min(1).max(max).describe(description);
const uri = (description: string) => text(LIMITS.uriLength, description);
const uris = (description: string) => z.array(uri('An absolute URI.')).max(LIMITS.uris).describe(description);
const oneLine = (max: number, description: string) =>
  z
    .string()
    .min(1)
    .max(max)
    // Control characters, invisible ones, those that turn the direction of writing, and separators of lines.
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters')
    .describe(description);
const flag = (description: string) => z.boolean().describe(description);
const choice = <const T extends readonly string[]>(values: T, description: string) =>
  z.enum(values).describe(description);

/** One name, or several while a secret is being changed: all are accepted, the first is the newest. */
const secretReference = (item: z.ZodString, description: string) =>
  z.union([item, z.array(item).min(1).max(LIMITS.secrets)]).describe(description);

const environmentName = () =>
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of an environment variable')
    .describe('The name of an environment variable.');

const jwk = () =>
  z
    .object({
      kty: choice(['RSA', 'EC', 'OKP'], 'Key type; only public, asymmetric keys.'),
      kid: text(200, 'Key id.').optional(),
      alg: text(40, 'Algorithm.').optional(),
      use: choice(['sig', 'enc'], 'What the key is for.').optional(),
    })
    .catchall(z.union([z.string().max(4096), z.array(z.string().max(8192)).max(10)]))
    .describe('A public JSON Web Key (RFC 7517).');

const ib = once(() =>
  z
    .strictObject({
      platforms: z
        .array(text(300, 'A platform as in IB_HOSTS: acme.intelligencebank.com, or *.acme.com'))
        .min(1)
        .max(LIMITS.uris)
        .describe('Which platforms users of this app may sign in to. Default: all that IB_HOSTS allows.')
        .optional(),
      default_platform: text(
        300,
        'The platform to sign in to; the user is not asked. Must be one of `platforms`.',
      ).optional(),
      skip_consent: flag('true only for first-party apps: users are not asked for consent.').default(false),
      bridge_compat: flag('true: /token and /userinfo answer as the earlier bridge did.').default(false),
      refresh_tokens: choice(
        ['always', 'offline_access'],
        'When a client with the refresh_token grant type gets a refresh token: always, or only where the scope offline_access was granted.',
      ).default('always'),
      profile: choice(
        ['fapi2'],
        'fapi2: the FAPI 2.0 Security Profile. Needs private_key_jwt; sign-ins start at /par with PKCE, tokens are bound to a key (DPoP), assertions name the issuer alone, refresh tokens do not rotate.',
      ).optional(),
      id_token_ib_claims: flag(
        'false: ID tokens hold no ib_… claims; they are at /userinfo. Default: true, within the granted scopes.',
      ).default(true),
      logo: text(
        4096,
        "A picture of the app for its pages: .svg, .png or .webp. Relative paths start at this file's folder.",
      ).optional(),
      color: text(20, "The app's colour for buttons and links, as #rrggbb, readable on white.").optional(),
    })
    .describe("The product's own settings."),
);

/** Who the app is and where it may be sent. */
const identity = once(() => ({
  client_id: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x21-\x7E]*$/, 'must be printable ASCII without spaces')
    .describe('The name the app uses at /authorize and /token. Never change it.'),
  client_name: oneLine(200, 'What users read on the consent page.').optional(),
  application_type: choice(
    ['web', 'native'],
    "native: an app on the user's device; loopback redirects then match any port, custom schemes are allowed, and users always see the consent page.",
  ).default('web'),
  redirect_uris: uris(
    'Where the user may be sent back to. Compared exactly. https; or http on localhost, 127.0.0.1 or [::1]; or a custom scheme for native apps.',
  ).optional(),
  post_logout_redirect_uris: uris('Where the user may be sent after signing out.').optional(),
  client_uri: uri("The app's home page (https).").optional(),
  logo_uri: uri(
    "The app's logo (https) for the consent page: PNG, JPEG, GIF, WebP or SVG of up to 64 KiB, fetched by the server. A file: ib.logo.",
  ).optional(),
  policy_uri: uri("The app's privacy policy (https), linked from the consent page.").optional(),
  tos_uri: uri("The app's terms of service (https), linked from the consent page.").optional(),
  initiate_login_uri: uri('Where a sign-in can be started from outside the app (https).').optional(),
  contacts: z
    .array(z.email({ error: 'must be an e-mail address' }).max(254).describe('An e-mail address.'))
    .max(20)
    .describe('E-mail addresses of the people responsible.')
    .optional(),
  client_id_issued_at: z.int().min(0).describe('When the client was registered, unix seconds.').optional(),
}));

/** How the app proves that it is itself. */
const authentication = once(() => ({
  token_endpoint_auth_method: choice(
    CLIENT_AUTH_METHODS,
    'How the app authenticates at /token. none: a public client (browser, desktop, mobile), which must use PKCE.',
  ).default('client_secret_basic'),
  token_endpoint_auth_signing_alg: choice(
    CLIENT_SIGNING_ALGS,
    'The only algorithm accepted for private_key_jwt.',
  ).optional(),
  client_secret_env: secretReference(
    environmentName(),
    'Environment variable that holds the secret, or a list while it is being changed (newest first).',
  ).optional(),
  client_secret_file: secretReference(
    z.string().min(1).max(4096).describe('A path.'),
    "File that holds the secret, or a list while it is being changed (newest first). Relative paths start at this file's folder.",
  ).optional(),
  jwks: z
    .strictObject({ keys: z.array(jwk()).min(1).max(LIMITS.keys).describe('The keys, newest first.') })
    .describe("The app's public keys; for private_key_jwt and signed request objects.")
    .optional(),
  jwks_uri: uri('Where the app publishes its public keys; instead of jwks.').optional(),
}));

/** What the app may ask for, and how. */
const protocol = once(() => ({
  grant_types: z
    .array(choice(GRANT_TYPES, 'A grant type.'))
    .max(GRANT_TYPES.length)
    .describe('What the app may bring to /token. Default: authorization_code.')
    .default(['authorization_code']),
  response_types: z
    .array(choice(RESPONSE_TYPES, 'A response type.'))
    .max(1)
    .describe('Only code. Default: code where grant_types holds authorization_code, else none.')
    .optional(),
  response_modes: z
    .array(choice(RESPONSE_MODES, 'A response mode.'))
    .min(1)
    .max(RESPONSE_MODES.length)
    .describe('How the code may travel to the redirect URI. Default: all.')
    .optional(),
  scope: text(
    2000,
    'Scopes the app may ask for, separated by spaces: openid profile email offline_access ib:api ib:session, and those of resources. Default: any, with consent.',
  ).optional(),
  subject_type: choice(
    ['public', 'pairwise'],
    'pairwise: `sub` differs from app to app, so that apps cannot compare users.',
  ).default('public'),
  sector_identifier_uri: uri('For pairwise subjects of several hosts (https).').optional(),
  default_max_age: z
    .int()
    .min(0)
    .max(365 * 24 * 3600)
    .describe('Sign-ins older than this many seconds are repeated.')
    .optional(),
  require_auth_time: flag('true: ID tokens always hold auth_time.').default(false),
  require_pushed_authorization_requests: flag('true: sign-ins start at /par only (RFC 9126).').default(false),
  require_signed_request_object: flag('true: only signed requests are accepted (RFC 9101).').default(false),
  request_object_signing_alg: choice(
    CLIENT_SIGNING_ALGS,
    'The only algorithm accepted for request objects.',
  ).optional(),
  dpop_bound_access_tokens: flag('true: tokens are bound to a key of the app (RFC 9449).').default(false),
}));

/** How answers are signed, and who is told of a session's end. */
const signing = once(() => ({
  id_token_signed_response_alg: choice(
    SERVER_SIGNING_ALGS,
    'How ID tokens are signed. Default: RS256, with ib.profile: fapi2 ES256.',
  ).optional(),
  userinfo_signed_response_alg: choice(
    SERVER_SIGNING_ALGS,
    'Makes /userinfo answer with a JWT signed so. Default: plain JSON.',
  ).optional(),
  introspection_signed_response_alg: choice(
    SERVER_SIGNING_ALGS,
    'How signed answers of /introspect are signed.',
  ).default('RS256'),
  backchannel_logout_uri: uri('Called when the session ends.').optional(),
  backchannel_logout_session_required: flag('true: logout tokens hold sid.').default(false),
}));

/** One entry under `clients`. */
export const clientSchema = once(() =>
  z
    .strictObject({ ...identity(), ...authentication(), ...protocol(), ...signing(), ib: ib().prefault({}) })
    .describe('An app: client metadata by the names of RFC 7591.'),
);

/** What an app may say of itself (RFC 7591): the same fields, without those that the server gives. Others are ignored. */
export const selfRegisteredSchema = once(() => {
  const { client_id: _id, client_id_issued_at: _issuedAt, ...ofItself } = identity();
  const { client_secret_env: _env, client_secret_file: _file, ...byItself } = authentication();
  return z.object({ ...ofItself, ...byItself, ...protocol(), ...signing() });
});

/** The product's own settings where nobody has set any. */
export const DEFAULT_IB = once(() => ib().parse({}));

/** One entry under `resources`. */
export const resourceSchema = once(() =>
  z
    .strictObject({
      identifier: uri(
        "The resource's URL (RFC 8707), without a fragment; the audience of its tokens, to the letter. Apps may write it in any spelling: case of the host, default port, a slash at the end.",
      ),
      name: oneLine(200, 'What users read on the consent page.').optional(),
      scopes: z
        .array(
          z
            .string()
            .max(100)
            .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be one scope, without spaces, quotes and backslashes')
            .describe('A scope; may be a new one.'),
        )
        .min(1)
        .max(100)
        .describe('What apps may ask for at this resource.'),
      token_format: choice(
        ['opaque', 'jwt'],
        'opaque: the resource asks /introspect. jwt: it checks the signature itself (RFC 9068), and a revoked token works until it ends.',
      ).default('opaque'),
      client_id: z
        .string()
        .min(1)
        .max(200)
        .describe(
          'The client that this resource server authenticates as, to introspect its opaque tokens and to exchange its tokens.',
        )
        .optional(),
    })
    .describe('A protected resource (an API or MCP server) that apps may ask tokens for.'),
);

/** The whole file. */
export const clientsFileSchema = once(() =>
  z
    .strictObject({
      clients: z.array(clientSchema()).max(LIMITS.clients).describe('The apps that may use this server.'),
      resources: z
        .array(resourceSchema())
        .max(LIMITS.resources)
        .describe('Protected resources (RFC 8707) that apps may ask tokens for.')
        .default([]),
    })
    .describe('Apps and resources of an ib-oauth server.'),
);

/** A client as the schema gives it: shapes are right, defaults are in, rules are not yet checked. */
export type ClientEntry = z.output<ReturnType<typeof clientSchema>>;

/** A resource as the schema gives it. */
export type ResourceEntry = z.output<ReturnType<typeof resourceSchema>>;
