/**
 * What is kept of a bridge client's request until its answers: whether it found this server by somebody else's metadata, as
 * clients of IB's own MCP server do, whose metadata name that server as issuer. Such a client must not see our issuer, in
 * `iss` or in an ID token that it did not ask for. The library stores a request's parameters and a code's and a refresh
 * token's payload; the mark goes with them.
 */
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';

/** A parameter of our own making; what a client says under this name is overwritten. */
export const MARK = 'ib_bridge_request';

/** Found by foreign metadata, having asked for `openid` or not; undefined for any other request. */
export type RequestMark = 'foreign' | 'foreign_openid' | undefined;

/** The mark that a request's parameters, or a payload, carry. */
export function markIn(holder: object | undefined): RequestMark {
  const mark: unknown = (holder as Record<string, unknown> | undefined)?.[MARK];
  return mark === 'foreign' || mark === 'foreign_openid' ? mark : undefined;
}

/** The mark of the request that the library is, or has been, at work on. */
export function markOf(ctx: Pick<KoaContextWithOIDC, 'oidc'>): RequestMark {
  const { entities, params } = ctx.oidc;
  const { AuthorizationCode, RotatedRefreshToken, RefreshToken } = entities;
  return markIn(AuthorizationCode) ?? markIn(RotatedRefreshToken) ?? markIn(RefreshToken) ?? markIn(params);
}

interface MarkedModel {
  readonly IN_PAYLOAD: readonly string[];
  readonly prototype: { save(): Promise<string> };
}

/** Lets codes and refresh tokens carry the mark: the library has a list of what it stores of each, and no hook for more. */
export function installRequestMarks(provider: Provider): void {
  for (const model of ['AuthorizationCode', 'RefreshToken'] as const) {
    const Model = provider[model] as unknown as MarkedModel;
    const stored = [...Model.IN_PAYLOAD, MARK];
    Object.defineProperty(Model, 'IN_PAYLOAD', { get: () => stored });
    const { save } = Model.prototype;
    Model.prototype.save = function (this: { [MARK]?: RequestMark }) {
      const ctx = Provider.ctx as unknown as KoaContextWithOIDC | undefined;
      this[MARK] ??= ctx === undefined ? undefined : markOf(ctx);
      return save.call(this);
    };
  }
}
