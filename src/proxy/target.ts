/** Where a proxied call goes: decided from the raw request target, so that path and query pass byte for byte. Pure. */

/** An address of one of the session's own hosts: origin, and path with query. */
export interface CallTarget {
  readonly origin: string;
  readonly path: string;
}

export type Target = ({ readonly kind: 'call' } & CallTarget) | { readonly kind: 'refused' };

interface SessionHosts {
  readonly apiUrl: string;
  readonly platformUrl: string;
}

const PREFIX = '/proxy/';
/** Path of addresses that work without a token for a while. */
export const SIGNED_PREFIX = '/proxy/~/';

/** The handle of a signed address, if the request target is one. */
export function signedHandle(target: string): string | undefined {
  const [, handle] = /^\/proxy\/~\/([A-Za-z0-9_-]+)$/.exec(target) ?? [];
  return handle;
}

/** A first segment with a dot or a port is a host; IB's API paths begin with plain words. */
function isHost(segment: string): boolean {
  return /[.:]|%3a/i.test(segment);
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': ':443', 'http:': ':80' };

/** Whether an origin is one that the session belongs to now: it sees the sid, and no other does. */
export function isOwnOrigin(session: SessionHosts, origin: string): boolean {
  return origin === session.apiUrl || origin === session.platformUrl;
}

/** The session's own origin behind a host; undefined for any other host. */
function originOf(host: string, session: SessionHosts): string | undefined {
  return [session.apiUrl, session.platformUrl].find((origin) => {
    const url = new URL(origin);
    const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : '';
    return host === url.host || host === `${url.host}${port}`;
  });
}

/** Origin and path of a call, or a refusal for hosts that are not the session's own. */
export function targetOf(requestTarget: string, session: SessionHosts): Target {
  const rest = requestTarget.slice(PREFIX.length);
  const end = rest.search(/[/?]/);
  const segment = end === -1 ? rest : rest.slice(0, end);
  if (!isHost(segment)) return { kind: 'call', origin: session.apiUrl, path: `/${rest}` };
  const origin = originOf(segment.replace(/%3a/i, ':').toLowerCase(), session);
  if (origin === undefined) return { kind: 'refused' };
  const path = end === -1 ? '/' : rest.slice(end);
  return { kind: 'call', origin, path: path.startsWith('/') ? path : `/${path}` };
}

/** Whether a call names another `sid` in its query: then what IB says of a session may be meant for that one. */
export function namesOtherSid(path: string, sid: string): boolean {
  const [, query = ''] = /\?(.*)/.exec(path) ?? [];
  return query.split(/[&;]/).some((pair) => {
    const [[name, value] = ['', '']] = new URLSearchParams(pair);
    return /^sid(?:$|\[)/i.test(name) && value !== sid;
  });
}

/** The address of a call through the proxy. */
export function proxyUrl(issuer: string, origin: string, path: string): string {
  return `${issuer}${PREFIX}${new URL(origin).host}${path}`;
}

/** A path and query without its `sid` parameter, and without others that hold the sid. */
export function withoutSid(pathAndQuery: string, holdsSid: (text: string) => boolean): string {
  const at = pathAndQuery.indexOf('?');
  if (at === -1) return pathAndQuery;
  const kept = pathAndQuery
    .slice(at + 1)
    .split('&')
    .filter((pair) => !/^(?:amp;)?sid(?:=|$)/i.test(pair) && !holdsSid(pair));
  return pathAndQuery.slice(0, at) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}
