/** Labels whose values others choose, bounded: no stranger makes a number more than the operator's own file or hosts do. */

/** In place of what is not told apart. */
const OTHER = 'other';
/** Platform hosts told apart by one process: the first that answered as IntelligenceBank. */
const HOSTS_TOLD = 50;

/** A label's values: those told of, and `other` for the rest. */
export interface Bound {
  /** The value to count under. */
  of(value: string | undefined): string;
}

/** The apps of the clients' file. */
export function boundByApps(clientIds: readonly string[]): Bound {
  const known = new Set(clientIds);
  return { of: (clientId) => (clientId !== undefined && known.has(clientId) ? clientId : OTHER) };
}

/** Hosts that have answered as IntelligenceBank, the first ones only; one that a user mistypes never does. */
export function boundByHosts(most = HOSTS_TOLD): Bound & { answered(host: string): void } {
  const known = new Set<string>();
  return {
    of: (host) => (host !== undefined && known.has(host) ? host : OTHER),
    answered(host) {
      if (known.size < most) known.add(host);
    },
  };
}
