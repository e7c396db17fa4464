/** How much of an address the audit stream keeps: the operator's choice, since addresses are personal data. */
import ipaddr from 'ipaddr.js';
import type { Config } from '../../config/types.ts';

type Addresses = Config['audit']['addresses'];
type Facts = Readonly<Record<string, unknown>>;

/** What is left of an address that is cut: a network that many share. */
const CUT = { ipv4: 24, ipv6: 48 } as const;

function shown(address: string, addresses: Addresses): string | undefined {
  if (addresses === 'off') return undefined;
  if (addresses === 'whole' || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  const bits = CUT[parsed.kind()];
  const network = parsed.toByteArray().map((byte, at) => byte & networkMask(bits - 8 * at));
  return `${ipaddr.fromByteArray(network).toString()}/${bits}`;
}

/** The mask of one byte of which so many bits are the network's. */
const networkMask = (bits: number): number => (0xff << (8 - Math.min(8, Math.max(0, bits)))) & 0xff;

/** Facts with their addresses as they are to be kept, those of places named in them too. */
export function withAddresses(facts: Facts, addresses: Addresses): Facts {
  if (addresses === 'whole') return facts;
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) => {
      if (name === 'startedFrom') return [[name, withAddresses(value as Facts, addresses)]];
      if (name !== 'address') return [[name, value]];
      const address = shown(String(value), addresses);
      return address === undefined ? [] : [[name, address]];
    }),
  );
}
