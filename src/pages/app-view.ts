/** What pages tell of an app. */
import type { Client } from '../../interactions/step.ts';
import type { AppView } from '../../interactions/views/models.ts';
import { isAddress } from '../provider/metadata-documents.ts';
import { logoPathOf } from './app-logos.ts';
import { nameOfApp, shownName } from './app-name.ts';

export type AppViewOf = (client: Client, redirectUri: unknown) => AppView;

/** Who speaks for an app that no admin has entered: the host of its metadata document, or nobody. */
function unverified(clientId: string, host: string): NonNullable<AppView['unverified']> {
  const document = isAddress(clientId) ? URL.parse(clientId) : null;
  return document === null ? { by: 'registration', host } : { by: 'document', host: document.host };
}

/**
 * Whether a stranger's picture lies where this very answer goes, or beside his metadata document: he may list the redirect
 * URI of somebody else too, and with it the picture, or need none, as devices do.
 */
function isOwnLogo(logoUri: string, { clientId, target }: { clientId: string; target: URL | null }): boolean {
  const own = isAddress(clientId) ? URL.parse(clientId) : target;
  const hosts = [own, target].map((url) => url?.host);
  return hosts.includes(URL.parse(logoUri)?.host);
}

/** The app's name and whose it is, from its registration and the request. */
export const createAppView =
  (isConfigured: (clientId: string) => boolean): AppViewOf =>
  (client, redirectUri) => {
    const metadata = client.metadata();
    const { clientId, logoUri } = client;
    const target = typeof redirectUri === 'string' ? URL.parse(redirectUri) : null;
    const host = target === null ? '' : target.host === '' ? target.protocol : target.host;
    return {
      name:
        shownName(metadata.client_name ?? '') ||
        (isConfigured(clientId) || host === '' ? nameOfApp(client) : host),
      host,
      ...(logoUri !== undefined && (isConfigured(clientId) || isOwnLogo(logoUri, { clientId, target }))
        ? { logoPath: logoPathOf(clientId, logoUri) }
        : {}),
      ...(isConfigured(clientId) ? {} : { unverified: unverified(clientId, host) }),
      ...(metadata.client_uri === undefined ? {} : { clientUri: metadata.client_uri }),
      ...(metadata.policy_uri === undefined ? {} : { policyUri: metadata.policy_uri }),
      ...(metadata.tos_uri === undefined ? {} : { tosUri: metadata.tos_uri }),
    };
  };

/** Where an app can be found again: its own page, else the origin that it is sent users back to. */
export function homeOf(client: Client): string | undefined {
  const { client_uri: home } = client.metadata();
  if (home !== undefined) return home;
  const web = (client.redirectUris ?? []).map((uri) => URL.parse(uri));
  return web.find((url) => url?.protocol === 'https:')?.origin;
}
