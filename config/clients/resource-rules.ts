/** What must hold of the resources of a clients' file, beyond the shape of each. */
import { isGroup, listOf } from './document.ts';
import { hasUserInfo, lacksSlashes } from './redirect-uris.ts';
import type { Finding } from './rule.ts';

/** Judges each resource of a file, sound or not; their being different is judged with the clients'. */
export function checkResources(document: unknown): Finding[] {
  const methods = authMethodsOf(document);
  return listOf(document, 'resources').flatMap((resource, index): Finding[] => {
    if (!isGroup(resource)) return [];
    const faults = {
      identifier: identifierFault(resource['identifier']),
      client_id: clientFault(resource['client_id'], methods),
    };
    return Object.entries(faults).flatMap(([field, message]) =>
      message === undefined ? [] : [{ path: ['resources', index, field], message }],
    );
  });
}

/** RFC 8707 2: an absolute URI without a fragment. Consent pages, tokens and the log show it, so it must hold no secret. */
function identifierFault(identifier: unknown): string | undefined {
  if (typeof identifier !== 'string' || identifier === '') return undefined;
  if (identifier.includes('#')) return 'must not have a fragment (#)';
  const isAbsolute = !/\s/.test(identifier) && URL.canParse(identifier) && !lacksSlashes(identifier);
  if (!isAbsolute) return 'must be an absolute URI';
  return hasUserInfo(identifier) ? 'must not hold a user name or password' : undefined;
}

/** Whoever may look at a resource's tokens proves who it is (RFC 7662 2.1); one that is misspelt would find them all inactive. */
function clientFault(clientId: unknown, methods: ReadonlyMap<string, unknown>): string | undefined {
  if (typeof clientId !== 'string' || clientId === '') return undefined;
  if (!methods.has(clientId)) return 'is not the client_id of a client in this file';
  return methods.get(clientId) === 'none' ? 'must not be a public client, which proves nothing' : undefined;
}

function authMethodsOf(document: unknown): ReadonlyMap<string, unknown> {
  const clients = listOf(document, 'clients').filter(isGroup);
  return new Map(
    clients.flatMap(({ client_id: id, token_endpoint_auth_method: method }) =>
      typeof id === 'string' ? [[id, method] as const] : [],
    ),
  );
}
