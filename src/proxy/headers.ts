/** Headers of a proxied call: what ends at the proxy, and what goes on. Pure. */
import type { IncomingHttpHeaders } from 'node:http';

/** RFC 9110 section 7.6.1, and what its older relatives named. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What must not reach IB: credentials and context of the caller, and what would name the sid twice. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'cookie',
  'dpop',
  'expect',
  'forwarded',
  'host',
  'origin',
  'referer',
  'sid',
  'via',
  'x-forwarded',
  // Another method or path than those that are checked here.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  // Where the caller says that it is, as proxies of several makes tell it.
  'cf-connecting-ip',
  'fastly-client-ip',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-real-ip',
]);

const NOT_SENT_PREFIX = /^(?:x-forwarded|x-amzn|sec)-/;

/**
 * What reaches the app. Nothing that steers a proxy or cache in front (`X-Accel-…`, `X-Sendfile`, `Surrogate-Control`), no
 * cookies, no CORS, no policy of IB's for pages: a list of what may pass needs no knowledge of what else there is.
 */
const RETURNED: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'ratelimit',
  'ratelimit-limit',
  'ratelimit-policy',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
]);

type Headers = Record<string, string | string[]>;

/** Whether a header ends at this hop: by its name, or because `Connection` names it. */
function endsHere(headers: IncomingHttpHeaders): (name: string) => boolean {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return (name) => HOP_BY_HOP.includes(name) || named.includes(name);
}

/** Headers for IB: the caller's, less what ends here, with the sid. Bodies come as they are, so that they can be read. */
export function requestHeaders(headers: IncomingHttpHeaders, sid: string): Headers {
  const ends = endsHere(headers);
  const kept: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    // CGI and what descends from it take one for the other.
    const read = name.replaceAll('_', '-');
    if (value === undefined || ends(read) || NOT_SENT.has(read) || NOT_SENT_PREFIX.test(read)) continue;
    kept[name] = value;
  }
  return { ...kept, 'accept-encoding': 'identity', sid };
}

/** Headers for the app, less those in which the sid stands. What is given twice is given to nobody: it means two things. */
export function responseHeaders(
  headers: IncomingHttpHeaders,
  holdsSid: (text: string) => boolean,
): Record<string, string> {
  const ends = endsHere(headers);
  const returned: Record<string, string> = {};
  for (const name of RETURNED) {
    const value = headers[name];
    if (typeof value === 'string' && !ends(name) && !holdsSid(value)) returned[name] = value;
  }
  return returned;
}

/** Members of a list header (RFC 9110 section 5.6.1), quoted strings whole. */
function membersOf(value: string | readonly string[] | undefined): string[] {
  const members =
    [value]
      .flat()
      .join(',')
      .match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? [];
  return members.map((member) => member.trim()).filter((member) => member !== '');
}

/** Names in a `Vary` that mean something to who asks here: never the header that only IB sees. */
export function varyNames(value: string | readonly string[] | undefined): string[] {
  return membersOf(value).filter((name) => /^[\w-]+$|^\*$/.test(name) && name.toLowerCase() !== 'sid');
}

/** Directives of IB's that hold for the app's own cache (RFC 9111 section 5.2.2, RFC 5861, RFC 8246). */
const KEPT_DIRECTIVE =
  /^(?:(?:no-cache|no-store|no-transform|must-revalidate|immutable)|(?:max-age|stale-while-revalidate|stale-if-error)="?\d+"?)$/i;

/** One of them, for no longer than so many seconds. */
function atMost(directive: string, mostSeconds: number): string {
  return directive.replace(/\d+/, (seconds) =>
    Number(seconds) > mostSeconds ? String(mostSeconds) : seconds,
  );
}

/**
 * `Cache-Control` for the app: an answer is one user's, so it is private whatever IB says, and where IB does not say for how
 * long it is good, asked for again each time. What IB says of single fields (`no-cache="x"`) means the whole here. A text
 * is good for no longer than the addresses in it work.
 */
export function privateCacheControl(
  value: string | readonly string[] | undefined,
  mostSeconds = Number.POSITIVE_INFINITY,
): string {
  const kept = membersOf(value)
    .map((directive) => directive.toLowerCase().replace(/^no-cache=.*$/, 'no-cache'))
    .filter((directive) => KEPT_DIRECTIVE.test(directive))
    .map((directive) => atMost(directive, mostSeconds));
  const saysHowLong = kept.some((directive) => /^(?:max-age|no-store)/.test(directive));
  return [...new Set(['private', ...kept, ...(saysHowLong ? [] : ['no-cache'])])].join(', ');
}
