/** A server on which apps may register themselves, and how they do. */
import { Browser, type Page } from './browser.ts';
import { authorizeUrl, type Stack } from './stack.ts';
import { type Answer, post, startStandards } from './standards.ts';

/** What a usual app says of itself. */
export const SELF = {
  client_name: 'Self',
  redirect_uris: ['https://self.example/cb'],
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
};

/** Starts it; addresses that it calls for apps are noted, and answer nothing. */
export async function startOpenRegistration(outgoing: string[] = []): Promise<Stack> {
  const { stack } = await startStandards({
    fetch: async (url) => {
      outgoing.push(String(url));
      throw new TypeError('nobody is there');
    },
    env: { REGISTRATION: 'open', REGISTRATIONS_PER_HOUR: '1000', APP_HOSTS: '*.corp.example' },
    lifetimes: { refusedRegistrationsPerAddress: 1000 },
  });
  return stack;
}

/** Sends metadata to `/register`. */
export async function register(stack: Pick<Stack, 'issuer'>, metadata: unknown): Promise<Answer> {
  const text = typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
  return post(stack, '/register', text, { 'content-type': 'application/json' });
}

/** Opens the request of an app that registered itself, in a browser of its own. */
export function authorizeAs(
  { issuer }: Pick<Stack, 'issuer'>,
  clientId: unknown,
  more: Record<string, string> = {},
): Promise<Page> {
  const own = { client_id: String(clientId), redirect_uri: 'https://self.example/cb' };
  return new Browser().request(authorizeUrl(issuer, { ...own, ...more }));
}
