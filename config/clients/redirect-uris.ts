/** What decides about a redirect URI besides its own text. */
export interface RedirectUriOptions {
  /** `application_type: native`: custom schemes are allowed, https on loopback is not (RFC 8252 7). */
  readonly native: boolean;
  /** `ib.bridge_compat`: one leading wildcard label is allowed. */
  readonly wildcards: boolean;
  /** An admin has entered it: any private-use scheme will do. Apps that register themselves need a name of their own. */
  readonly vouched: boolean;
}

/** Loopback as RFC 8252 7.3 and node-oidc-provider's client schema have it. */
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Schemes that a browser or an operating system acts on itself; none of them hands a code to an app. */
const FORBIDDEN_SCHEMES: ReadonlySet<string> = new Set(
  (
    'javascript vbscript data blob file filesystem about ftp ftps sftp ws wss mailto tel sms callto facetime skype ' +
    'view-source jar chrome chrome-extension moz-extension edge resource res search search-ms shell intent ' +
    'vnd.ms.radio geo ldap ldaps gopher dict news nntp irc telnet ssh smb nfs magnet feed webcal market steam urn'
  ).split(' '),
);

/** Windows' own handlers (ms-msdt, ms-settings, ms-word and so on), Apple's, and those that web pages register. */
const FORBIDDEN_FAMILIES = /^(?:ms-|itms|x-apple|web\+)/;

/**
 * Schemes without a period that belong to well-known apps. RFC 8252 7.1 asks for a domain in reverse, which others
 * cannot claim by accident; these were there first.
 */
const KNOWN_APP_SCHEMES: ReadonlySet<string> = new Set(
  'cursor vscode vscode-insiders vscodium code-oss windsurf zed kiro trae claude goose raycast warp lmstudio'.split(
    ' ',
  ),
);

/** `https://*.example.com[:port]/path`: one whole label stands for any name, under a domain of two labels or more. */
const WILDCARD_URI = /^https:\/\/\*((?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){2,}(?::\d{1,5})?\/[^*]*)$/;

/** True for a host name, as `URL` gives it, that stays on this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname);
}

/** True where a redirect URI leads to an app on the user's own device (RFC 8252 7.1, 7.3). */
export function isNativeUri(uri: string): boolean {
  const url = URL.parse(uri);
  if (url === null || url.protocol === 'https:') return false;
  return url.protocol !== 'http:' || isLoopbackHost(url.hostname);
}

/** True where a redirect URI holds a wildcard. */
export function hasWildcard(uri: string): boolean {
  return uri.includes('*');
}

/**
 * What is wrong with a redirect URI, or undefined. RFC 6749 3.1.2, RFC 8252 7, RFC 9700 2.1. Only text is judged here:
 * at `/authorize` URIs are compared exactly, but for the port of a native app's loopback URI.
 */
export function redirectUriFault(uri: string, options: RedirectUriOptions): string | undefined {
  const textual = textFault(uri);
  if (textual !== undefined) return textual;
  if (hasWildcard(uri)) return wildcardFault(uri, options);
  const url = URL.parse(uri);
  if (url === null) return 'must be an absolute URI';
  const scheme = url.protocol.slice(0, -1);
  if (isForbidden(scheme)) return `must not use the scheme ${scheme}`;
  if (hasUserInfo(uri)) return 'must not hold a user name or password';
  return schemeFault(url, options);
}

/**
 * What is wrong with a URI that must be https, or undefined; `loopback` allows http on this machine, for development.
 */
export function webUriFault(uri: string, { loopback }: { readonly loopback: boolean }): string | undefined {
  const textual = textFault(uri);
  if (textual !== undefined) return textual;
  const url = URL.parse(uri);
  if (url === null) return 'must be an absolute URI';
  const fits =
    url.protocol === 'https:' || (loopback && url.protocol === 'http:' && isLoopbackHost(url.hostname));
  if (!fits) return loopback ? 'must be https or loopback' : 'must be https';
  return hasUserInfo(uri) ? 'must not hold a user name or password' : undefined;
}

function textFault(uri: string): string | undefined {
  // `URL` repairs these silently; a stranger's browser may repair them in another way.
  if (!/^[\x21-\x7E]+$/.test(uri)) return 'must be ASCII without spaces or control characters';
  if (/[\\"<>^`{|}]/.test(uri)) return 'must not hold any of \\ " < > ^ ` { | }';
  if (uri.includes('#')) return 'must not have a fragment (#)';
  if (lacksSlashes(uri) && URL.canParse(uri)) {
    return 'must have two slashes between scheme and host: https://app.example/callback';
  }
  return undefined;
}

function wildcardFault(uri: string, { wildcards }: RedirectUriOptions): string | undefined {
  if (!wildcards)
    return 'must not hold a wildcard (*), which is only for clients with ib.bridge_compat: true';
  if (!WILDCARD_URI.test(uri) || URL.parse(uri) === null) {
    return 'may hold a wildcard only as the whole first label of the host: https://*.example.com/callback';
  }
  return undefined;
}

function schemeFault(url: URL, { native, vouched }: RedirectUriOptions): string | undefined {
  const scheme = url.protocol.slice(0, -1);
  const loopback = isLoopbackHost(url.hostname);
  if (scheme === 'https') {
    return native && loopback ? 'must be http, not https, on loopback for a native app' : undefined;
  }
  if (scheme === 'http') return loopback ? undefined : 'must be https or loopback';
  if (!native) return 'must be https or loopback (a custom scheme needs application_type: native)';
  if (vouched || scheme.includes('.') || KNOWN_APP_SCHEMES.has(scheme)) return undefined;
  return 'must be https, loopback, or a scheme that is a domain in reverse (com.example.app:/callback)';
}

function isForbidden(scheme: string): boolean {
  return FORBIDDEN_SCHEMES.has(scheme) || FORBIDDEN_FAMILIES.test(scheme);
}

/** A browser that comes from https takes `https:x/y` and `https:/x/y` for paths of the server it comes from. */
export function lacksSlashes(uri: string): boolean {
  return /^https?:(?!\/\/[^/])/i.test(uri);
}

/** A user name, a password or their `@`. `URL` takes an authority for http and https with any number of slashes, elsewhere after two. */
export function hasUserInfo(uri: string): boolean {
  return /^(?:https?:\/*|[a-z][a-z0-9+.-]*:\/\/)[^/?]*@/i.test(uri);
}
