/** Identifiers of protected resources: when two spellings mean one. */

/** Characters that mean the same with and without percent-encoding (RFC 3986 2.3). */
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/**
 * The one form of an identifier (RFC 3986 6.2.2, 6.2.3): scheme and host in lower case, no default port, no dot
 * segments, percent-encoding only where it is needed, no slash at the end of the path. Undefined for what is no
 * absolute URI. Two identifiers name one resource where their forms are equal.
 */
export function canonicalResource(identifier: string): string | undefined {
  const url = URL.parse(identifier);
  if (url === null) return undefined;
  const decoded = url.pathname.replaceAll(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
  const path = withoutSlashes(decoded);
  const userInfo = url.username === '' && url.password === '' ? '' : `${url.username}:${url.password}@`;
  const authority = url.host === '' && !identifier.includes('//') ? '' : `//${userInfo}${url.host}`;
  return `${url.protocol}${authority}${path}${url.search}${url.hash}`;
}

/** Without the slashes it ends with, step by step: `/\/+$/` takes seconds for a row of them that ends in something else. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

/** Whether two identifiers name one resource. */
export function sameResource(one: string, other: string): boolean {
  const form = canonicalResource(one);
  return form !== undefined && form === canonicalResource(other);
}
