/** The longest URI, list and file that are read; generous for people, small for a machine. */
export const LIMITS = Object.freeze({
  fileBytes: 1024 * 1024,
  clients: 1000,
  resources: 200,
  uriLength: 2048,
  uris: 100,
  keys: 20,
  secrets: 5,
  secretLength: 512,
});
