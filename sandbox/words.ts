/** What the API says of a session that has ended; documented, seen in clients, and unknown. */
import type { Switches } from './switches.ts';

export const DEAD_SESSION: Readonly<Record<Switches['deadAs'], { readonly error: unknown }>> = {
  key: {
    error: { key: 'error.authentication.required', message: 'No valid session. Authentication is required' },
  },
  text: { error: 'error.authentication.required' },
  verbose: { error: 'No valid session. Authentication is required' },
  invalid_request: { error: 'Invalid request' },
  invalid_response: { error: 'Invalid response' },
  unknown: { error: 'error.sandbox' },
};
