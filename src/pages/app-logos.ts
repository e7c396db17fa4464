/** The pictures that apps name in `logo_uri`: fetched by the server, so that no page of ours calls a foreign host. */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { BodyTooLargeError, readBytes } from '../../adapters/ib/http-agent.ts';
import { MOST_LOGO_BYTES } from '../../config/clients/logo.ts';
import type { Answer } from '../http/routes.ts';

interface LogoDeps {
  readonly provider: Pick<Provider, 'Client'>;
  /** Guarded against private addresses. */
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  readonly onRefused: (facts: { readonly clientId: string; readonly reason: string }) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A picture, or why there is none. */
type Picture = { readonly type: string; readonly body: Buffer } | { readonly reason: string };

const KEPT_MS = 24 * 3600 * 1000;
/** A host in trouble is asked again after a while, not by each page. */
const FAILURE_KEPT_MS = 10 * 60 * 1000;
const MOST_PICTURES = 200;
const SEGMENT = 'logos';

/** Where the picture of an app is: its `logo_uri` is in the address, so that a new one is a new picture. */
export function logoPathOf(clientId: string, logoUri: string): string {
  const hash = createHash('sha256').update(logoUri).digest('hex').slice(0, 16);
  return `/assets/${SEGMENT}/${hash}/${Buffer.from(clientId).toString('base64url')}`;
}

/** Answers below `/assets`: with apps' pictures, and by `others` elsewhere. */
export function createAssetAnswer(others: Answer, deps: LogoDeps): Answer {
  const logo = createLogoAnswer(deps);
  return (ctx, params) => (params['rest']?.startsWith(`${SEGMENT}/`) === true ? logo : others)(ctx, params);
}

/** Answers with pictures: read when a page first shows one, kept in this process. Nothing for what is no picture. */
function createLogoAnswer(deps: LogoDeps): Answer {
  const kept = new Map<string, { readonly picture: Promise<Picture>; readonly untilMs: number }>();

  function pictureAt(clientId: string, logoUri: string): Promise<Picture> {
    const known = kept.get(logoUri);
    if (known !== undefined && known.untilMs > deps.now()) return known.picture;
    const picture = readPicture(deps, logoUri);
    if (kept.size >= MOST_PICTURES) kept.clear();
    kept.set(logoUri, { picture, untilMs: deps.now() + KEPT_MS });
    void picture.then((read) => {
      if (!('reason' in read)) return;
      deps.onRefused({ clientId, reason: read.reason });
      kept.set(logoUri, { picture, untilMs: deps.now() + FAILURE_KEPT_MS });
    });
    return picture;
  }

  return async (ctx: Context, { rest = '' }) => {
    const [, , encoded = ''] = rest.split('/');
    const clientId = Buffer.from(encoded, 'base64url').toString();
    const client = await deps.provider.Client.find(clientId).catch(() => undefined);
    const logoUri = client?.logoUri;
    // The address that a page gave, and no other: no stranger makes this server fetch what it will.
    if (logoUri === undefined || logoPathOf(clientId, logoUri) !== `/assets/${rest}`) return;
    const picture = await pictureAt(clientId, logoUri);
    if ('reason' in picture) return;
    ctx.set('Cache-Control', 'public, max-age=86400');
    // A picture opened by itself is a page: nothing runs in it.
    ctx.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    ctx.type = picture.type;
    ctx.body = picture.body;
  };
}

async function readPicture({ fetch, timeoutMs }: LogoDeps, logoUri: string): Promise<Picture> {
  try {
    const response = await fetch(logoUri, {
      headers: { accept: 'image/*' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status !== 200) return { reason: `status ${response.status}` };
    const body = await readBytes(response.body as AsyncIterable<Uint8Array> | null, MOST_LOGO_BYTES);
    const type = typeOf(body, response.headers.get('content-type') ?? '');
    return type === undefined ? { reason: 'no picture' } : { type, body };
  } catch (error) {
    return { reason: error instanceof BodyTooLargeError ? `over ${MOST_LOGO_BYTES} bytes` : 'not reached' };
  }
}

const BEGINNINGS: readonly (readonly [type: string, beginning: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8/],
  ['image/webp', /^RIFF....WEBP/s],
];

/** What the bytes are, whatever the host calls them; an SVG has to be called so, since its bytes are text. */
function typeOf(body: Buffer, said: string): string | undefined {
  const head = body.subarray(0, 512).toString('latin1');
  const isSvg = /^image\/svg\+xml\b/i.test(said) && /^\s*(?:\xef\xbb\xbf)?<(?:\?xml|svg|!)/i.test(head);
  return (
    BEGINNINGS.find(([, beginning]) => beginning.test(head))?.[0] ?? (isSvg ? 'image/svg+xml' : undefined)
  );
}
