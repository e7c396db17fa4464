/**
 * Client programs as they are in the wild: what each is registered with, and what it is told. One table for `client add
 * --for NAME` and for docs/clients.md; a row claims only what was seen, and says how.
 */

/** How it is known that a row is true. */
export type Checked =
  /** By a test of `npm test`, with the version of this package that package.json pins. */
  | { readonly by: 'test'; readonly file: string; readonly pinned: string; readonly version: string }
  /** By `npm run interop`, with this version of `pinned` in a lock file of test/interop/programs. */
  | { readonly by: 'interop'; readonly pinned: string; readonly version: string; readonly lock: string }
  /** Not seen to work by us: why not, and where the settings are from. */
  | { readonly by: 'nobody'; readonly why: string };

/** What the clients' file says of such an app, but for its id, name and redirect URIs. */
export type ProgramFields = Readonly<Record<string, string | boolean | readonly string[] | object>>;

/** An entry under `resources`. */
export interface Resource {
  readonly identifier: string;
  readonly scopes: readonly string[];
  readonly token_format: 'opaque' | 'jwt';
}

export interface Program {
  /** As in `--for NAME`. */
  readonly name: string;
  readonly title: string;
  /** Paths are of the app's own origin (`--origin`); whole URIs are the program's wherever it runs. */
  readonly redirects: readonly string[];
  /** Where it sends users after signing out; as `redirects`. */
  readonly signedOut?: readonly string[];
  readonly fields: ProgramFields;
  /** An API: what stands under `resources`, its identifier being this path of the origin. */
  readonly resource?: Omit<Resource, 'identifier'> & { readonly path: string };
  /** What to copy into the program. `{issuer}`, `{client_id}`, `{client_secret}` and `{origin}` are to be filled in. */
  readonly settings: { readonly language: string; readonly text: string };
  /** What is not obvious about it, a sentence each. */
  readonly notes?: readonly string[];
  readonly checked: Checked;
}

/** A program's entry, with its paths at the app's origin. */
export interface ProgramEntry {
  readonly redirectUris: readonly string[];
  readonly fields: ProgramFields;
}

/** True where a program's addresses depend on where the app runs. */
export function needsOrigin({ redirects, signedOut = [] }: Program): boolean {
  return [...redirects, ...signedOut].some(isPath);
}

/** What a program is registered with. `origin` is without a slash at its end. */
export function entryOf({ redirects, signedOut, fields }: Program, origin: string): ProgramEntry {
  const whole = (uris: readonly string[]): string[] =>
    uris.map((uri) => (isPath(uri) ? `${origin}${uri}` : uri));
  return {
    redirectUris: whole(redirects),
    fields: {
      ...fields,
      ...(signedOut === undefined ? {} : { post_logout_redirect_uris: whole(signedOut) }),
    },
  };
}

/** An API's entry under `resources`; undefined for an app. */
export function resourceOf({ resource }: Program, origin: string): Resource | undefined {
  if (resource === undefined) return undefined;
  const { path, ...rest } = resource;
  return { identifier: `${origin}${path}`, ...rest };
}

/** The settings with what is known filled in; what is not stays as it is. */
export function settingsFor(
  { settings }: Program,
  known: Readonly<Partial<Record<'issuer' | 'client_id' | 'client_secret' | 'origin', string>>>,
): string {
  return settings.text.replaceAll(
    /\{(issuer|client_id|client_secret|origin)\}/g,
    (whole, name: keyof typeof known) => known[name] ?? whole,
  );
}

const isPath = (uri: string): boolean => uri.startsWith('/');

/** A confidential app with refresh tokens: what most rows begin with. */
export const WEB_APP: ProgramFields = {
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email offline_access',
};

/** An app in the browser: no secret, PKCE. */
export const BROWSER_APP: ProgramFields = { ...WEB_APP, token_endpoint_auth_method: 'none' };

/** An app on the user's device: the same, and loopback redirects at any port. */
export const NATIVE_APP: ProgramFields = { ...BROWSER_APP, application_type: 'native' };
