/** The longest URI, list and file that are read; generous for people, small for a machine. */
export const LIMITS = Object.freeze({
  /** The most that `CLIENTS_LIMIT` can be. */
  clients: 20_000,
  resources: 200,
  uriLength: 2048,
  uris: 100,
  keys: 20,
  secrets: 5,
  secretLength: 512,
});

const KIBIBYTE = 1024;

/** The largest file for so many apps: twice what usual ones take. */
export function fileBytesFor(clients: number): number {
  return Math.max(KIBIBYTE, clients) * KIBIBYTE;
}
