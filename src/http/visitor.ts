/** Where a request comes from, as the audit stream and a user's list of apps tell it. */
import type { Context } from 'koa';
import type { Visitor } from '../../adapters/store/contract.ts';
import { clientAddress } from './address.ts';

/** A browser says more of itself than anybody reads. */
const LONGEST_BROWSER = 200;

/** Reads address and browser of a request; `trustedProxies` in front are believed. */
export function createVisitorOf(trustedProxies: number): (ctx: Context) => Visitor {
  return (ctx) => ({
    address: clientAddress(ctx, trustedProxies),
    // In ASCII: whoever reads it in a terminal would have the rest taken for commands.
    browser: ctx
      .get('User-Agent')
      .slice(0, LONGEST_BROWSER)
      .replaceAll(/[^\x20-\x7e]/g, '?'),
  });
}
