/** How a page becomes the answer to a request. */
import type { Context } from 'koa';
import type { Html } from '../../interactions/views/html.ts';

/** Writes a page; browsers check where its forms lead, unless that is back to the app. */
export type Write = (ctx: Context, page: Html, leads: 'back to the app' | 'nowhere else') => void;

/**
 * No script, style or picture but our own, no frames around it; scripts and styles from `/assets/` alone, since IB's answers
 * under `/proxy` come from this origin too. Where forms lead is left open on pages whose form leads, by redirects, back to
 * the app: browsers check every hop, the app's own ones too (docs/decisions/0010).
 */
function policyOf(issuer: string): string {
  return [
    "default-src 'none'",
    `style-src ${issuer}/assets/`,
    `script-src ${issuer}/assets/`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Writes pages of this issuer. */
export function createWrite(issuer: string): Write {
  const policy = policyOf(issuer);
  return (ctx, page, leads) => {
    ctx.set('Content-Security-Policy', leads === 'nowhere else' ? `${policy}; form-action 'self'` : policy);
    ctx.set('Cache-Control', 'no-store');
    ctx.vary('Accept-Language');
    ctx.type = 'text/html; charset=utf-8';
    ctx.body = page.markup;
  };
}
