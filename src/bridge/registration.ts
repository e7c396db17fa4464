/**
 * `POST /register` where `REGISTRATION=bridge`: IB's MCP server advertises this address, and MCP clients register there. They
 * are answered with the configured bridge client whose redirect URIs cover theirs, and nothing is registered.
 */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { bodyOf } from '../http/bodies.ts';
import type { ClientRegistry } from '../provider/clients.ts';

interface RegistrationDeps {
  readonly provider: Provider;
  readonly registry: Pick<ClientRegistry, 'settings' | 'metadata' | 'ids'>;
}

type Metadata = Readonly<Record<string, unknown>>;

/** Answers registrations, and refuses them with what is allowed. */
export function createBridgeRegistration(deps: RegistrationDeps): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const asked = redirectUrisIn(bodyOf(ctx));
    if (asked === undefined) {
      return refuse(
        ctx,
        'invalid_client_metadata',
        'the body must be a JSON object of client metadata (RFC 7591)',
      );
    }
    const clients = bridgeClients(deps.registry);
    for (const metadata of asked.length === 0 ? [] : clients) {
      if (!(await coversAll(deps.provider, metadata, asked))) continue;
      ctx.status = 201;
      ctx.body = { ...metadata, redirect_uris: asked };
      return;
    }
    const allowed = [...new Set(clients.flatMap((metadata) => [metadata['redirect_uris'] ?? []].flat()))];
    return refuse(
      ctx,
      'invalid_redirect_uri',
      `redirect_uris must be among ${allowed.join(' ')}, on loopback with any port`,
    );
  };
}

function refuse(ctx: Context, error: string, description: string): void {
  ctx.status = 400;
  ctx.body = { error, error_description: description };
}

/** The redirect URIs that a client asks for; undefined for a body that is no metadata. */
function redirectUrisIn(body: Buffer): string[] | undefined {
  let metadata: unknown;
  try {
    metadata = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined;
  const { redirect_uris: uris } = metadata as { redirect_uris?: unknown };
  return Array.isArray(uris) && uris.every((uri) => typeof uri === 'string') ? [...new Set(uris)] : [];
}

/** The public bridge clients: another one's secret is not for whoever asks. */
function bridgeClients(registry: RegistrationDeps['registry']): Metadata[] {
  return registry
    .ids()
    .filter((id) => registry.settings(id).bridgeCompat)
    .map((id): Metadata => registry.metadata(id) ?? {})
    .filter((metadata) => metadata['token_endpoint_auth_method'] === 'none');
}

async function coversAll(provider: Provider, metadata: Metadata, uris: readonly string[]): Promise<boolean> {
  const client = await provider.Client.find(String(metadata['client_id']));
  return client !== undefined && uris.every((uri) => client.redirectUriAllowed(uri));
}
