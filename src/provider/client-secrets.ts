/**
 * Client secrets as clients send them. RFC 6749 2.3.1 wants id and secret form-encoded before they go into HTTP Basic;
 * half of all libraries, and `curl -u`, send them as they are.
 */
import type { Middleware } from 'koa';
import { errors } from 'oidc-provider';

/** What a secret may be that was sent in one way or another: as it came, and decoded. A blank was a plus sign. */
export function readingsOfSecret(sent: string): string[] {
  const plus = (text: string): string => text.replaceAll(' ', '+');
  return [
    ...new Set([
      sent,
      plus(sent),
      ...[decoded(sent)].flatMap((text) => (text === undefined ? [] : plus(text))),
    ]),
  ];
}

/** `application/x-www-form-urlencoded`, taken back; undefined for what was never encoded so. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** A client's id as it was sent, encoded or not. Ids never hold a blank, so one that comes out of decoding was a plus sign. */
const idIn = (sent: string): string => (decoded(sent) ?? sent).replaceAll(' ', '+');

/**
 * Hands Basic credentials to the library so that it gets exactly what was sent, which `readingsOfSecret` then reads: it
 * refuses what does not decode.
 */
export function createBasicCredentials(): Middleware {
  return (ctx, next) => {
    const [, encoded] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(ctx.get('Authorization')) ?? [];
    const credentials = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
    const [, alone] = /^([\x21-\x39\x3B-\x7E]+):?$/.exec(credentials) ?? [];
    const at = credentials.indexOf(':');
    if (alone !== undefined) {
      Reflect.deleteProperty(ctx.req.headers, 'authorization');
      ctx.state[ID_ALONE] = idIn(alone);
    } else if (at > 0) {
      const again = [idIn(credentials.slice(0, at)), credentials.slice(at + 1)]
        .map(encodeURIComponent)
        .join(':');
      ctx.req.headers.authorization = `Basic ${Buffer.from(again).toString('base64')}`;
    }
    return next();
  };
}

/** Where the state of a request keeps an id that came by Basic without a secret. */
const ID_ALONE = 'clientIdAlone';

/** Whether a request named a client by Basic and proved nothing by it. */
export const hasIdAlone = (state: Readonly<Record<string, unknown>>): boolean =>
  state[ID_ALONE] !== undefined;

/**
 * A form with the client's id that came by Basic alone, as okta-auth-js sends it for a public app, or with an empty secret, as Go's
 * oauth2 does: it proves as little as `client_id` in the form, and is taken for that. Throws `InvalidRequest` where the form names
 * another, or holds what would prove it.
 */
export function withIdAlone(body: unknown, state: Readonly<Record<string, unknown>>): unknown {
  const id = state[ID_ALONE];
  if (id === undefined || typeof body !== 'object' || body === null) return body;
  const {
    client_id: said,
    client_secret: secret,
    client_assertion: assertion,
  } = body as Record<string, unknown>;
  if (secret || assertion)
    throw new errors.InvalidRequest('client authentication must only be provided using one mechanism');
  if (said !== undefined && said !== id) throw new errors.InvalidRequest('client_id mismatch');
  return { ...body, client_id: id };
}
