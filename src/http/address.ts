/** Where a request comes from, written one way: what is counted and told of goes by it. */
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Context } from 'koa';

/** An address as somebody wrote it: with a port, a zone, brackets or quotes, an IPv4 one perhaps as IPv6 (RFC 4291 2.5.5.2). */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const [, bracketed] = /^\[(.*)\](?::\d+)?$/.exec(text.trim().replaceAll('"', '')) ?? [];
  const plain = (bracketed ?? text.trim().replace(/^([\d.]+):\d+$/, '$1')).replace(/%.*$/s, '');
  const isWritten = isIPv4(plain) || ipaddr.IPv6.isValid(plain);
  return isWritten ? ipaddr.process(plain) : undefined;
}

/** An address in its one spelling. Most are written so already. */
function written(text: string): string | undefined {
  if (isIPv4(text)) return text;
  return text === '' ? undefined : parse(text)?.toString();
}

/** The address of the caller: the connection's, or what the nearest trusted proxy saw, if that is one. */
export function clientAddress(ctx: Context, trustedProxies: number): string {
  const told =
    trustedProxies === 0
      ? undefined
      : written(ctx.get('X-Forwarded-For').split(',').at(-trustedProxies) ?? '');
  return told ?? written(ctx.req.socket.remoteAddress ?? '') ?? '';
}

/** Whom a limit is for: an IPv4 address, or the /64 that an IPv6 address stands for, which one subscriber has at least. */
export function networkOf(address: string): string {
  if (isIPv4(address)) return address;
  const parsed = parse(address);
  if (!(parsed instanceof ipaddr.IPv6)) return address;
  return `${new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`;
}
