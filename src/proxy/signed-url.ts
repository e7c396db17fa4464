/** Addresses of IB's files that work for a while without a token, for pictures in a page: sealed, so they tell nothing. */
import type { SealedTexts } from '../../adapters/secrets/sealed-text.ts';

/** What a signed address stands for. */
export interface SignedTarget {
  readonly grantId: string;
  readonly origin: string;
  /** Path and query, without a sid. */
  readonly path: string;
}

export interface SignedUrls {
  /** For how long an address works. */
  readonly lifetimeSeconds: number;
  /** A handle that works until the given life time has passed. */
  sign(target: SignedTarget): string;
  /** What a handle stands for; undefined where it is forged or over. */
  open(handle: string): SignedTarget | undefined;
}

/** Handles made of sealed texts. */
export function createSignedUrls(options: {
  readonly texts: SealedTexts;
  readonly lifetimeSeconds: number;
  readonly nowSeconds: () => number;
}): SignedUrls {
  const { texts, lifetimeSeconds, nowSeconds } = options;
  return {
    lifetimeSeconds,
    sign: ({ grantId, origin, path }) => texts.seal([nowSeconds() + lifetimeSeconds, grantId, origin, path]),
    open(handle) {
      const opened = texts.open(handle) as [number, string, string, string] | undefined;
      if (opened === undefined) return undefined;
      const [expires, grantId, origin, path] = opened;
      return expires > nowSeconds() ? { grantId, origin, path } : undefined;
    },
  };
}
