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
  ...HOP_BY_HOP,
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
  'x-real-ip',
]);

/** What must not reach the app: IB's cookies, its CORS for other origins, and framing of the hop. */
const NOT_RETURNED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'access-control-max-age',
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'nel',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'location',
  'set-cookie',
  'sid',
  'strict-transport-security',
]);

type Headers = Record<string, string | string[]>;

function without(headers: IncomingHttpHeaders, dropped: (name: string) => boolean): Headers {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const kept: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped(name) && !named.includes(name)) kept[name] = value;
  }
  return kept;
}

/** Headers for IB: the caller's, less what ends here, with the sid. Bodies come as they are, so that they can be read. */
export function requestHeaders(headers: IncomingHttpHeaders, sid: string): Headers {
  const kept = without(
    headers,
    (name) => NOT_SENT.has(name) || name.startsWith('x-forwarded-') || name.startsWith('sec-'),
  );
  return { ...kept, 'accept-encoding': 'identity', sid };
}

/** Headers for the app. */
export function responseHeaders(headers: IncomingHttpHeaders): Headers {
  return without(headers, (name) => NOT_RETURNED.has(name));
}

/** Whether a body is text in which IB may have put the sid. */
export function isText(contentType: string): boolean {
  return /^\s*(?:text\/|application\/(?:[\w.+-]*\+)?(?:json|xml|javascript)\b)/i.test(contentType);
}
