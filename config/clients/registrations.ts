/** What the entries of a clients' file come to: apps, resources and secrets, or every fault between their fields. */
import { dirname, resolve } from 'node:path';
import type { Environment } from '../env.ts';
import { type Fault, formatFault } from '../faults.ts';
import type { Brand, ClientRegistration, ClientSecrets, ProtectedResource } from '../types.ts';
import { colorFault } from './colors.ts';
import { isGroup, listOf } from './document.ts';
import { logoFault } from './logo.ts';
import { checkResources } from './resource-rules.ts';
import { canonicalResource } from './resource-uri.ts';
import type { Finding, RuleContext } from './rule.ts';
import { checkClient } from './rules.ts';
import type { ClientEntry, ResourceEntry } from './schema.ts';
import { readClientSecrets } from './secrets.ts';
import type { Shape } from './shape.ts';
import { BUILT_IN_SCOPES, GRANT } from './supported.ts';

/** What the file alone does not tell. */
export interface ClientsFileContext
  extends Pick<RuleContext, 'platformFault' | 'coversPlatform' | 'mayCall'> {
  /** The file's name as the operator wrote it, for messages. */
  readonly name: string;
  /** Its absolute path: `client_secret_file` starts at its folder. */
  readonly path: string;
  readonly env: Environment;
}

/** Apps, resources and secrets of a clients' file, or every fault of it, one line each. */
export type ParsedClients =
  | {
      readonly ok: true;
      readonly clients: readonly ClientRegistration[];
      readonly resources: readonly ProtectedResource[];
      readonly clientSecrets: ClientSecrets;
      readonly warnings: string[];
    }
  | { readonly ok: false; readonly faults: string[]; readonly warnings: string[] };

/** Holds the entries of a clients' file to the rules between fields; `context` tells what the file alone does not. */
export function registrationsOf(shape: Shape, context: ClientsFileContext): ParsedClients {
  const { document, sound } = shape;
  const folder = dirname(context.path);
  const scopes = knownScopes(document);
  const clientSecrets = new Map<string, readonly string[]>();
  const findings: Finding[] = [
    ...duplicates(document, 'clients', 'client_id'),
    ...checkResources(document),
    ...duplicates(document, 'resources', 'identifier', (id) => canonicalResource(id) ?? id),
  ];
  for (const { index, client } of shape.entries) {
    const { secrets, findings: secretFindings } = readClientSecrets(client.entry, {
      env: context.env,
      folder,
    });
    if (secrets.length > 0) clientSecrets.set(client.entry.client_id, secrets);
    const found = [
      ...checkClient(client, { ...context, scopes }),
      ...secretFindings,
      ...brandFindings(client.entry, folder),
    ];
    findings.push(...found.map((finding) => ({ ...finding, path: ['clients', index, ...finding.path] })));
  }
  const lines = (list: readonly Fault[]) =>
    inFileOrder(list).map((fault) => formatFault(context.name, fault));
  const warnings = lines(findings.filter((finding) => finding.warning));
  const all = [...shape.faults, ...findings.filter((finding) => !finding.warning)];
  if (sound === undefined || all.length > 0) return { ok: false, faults: lines(all), warnings };
  return {
    ok: true,
    clients: sound.clients.map((entry) => toRegistration(entry, folder)),
    resources: sound.resources.map(toResource),
    clientSecrets,
    warnings,
  };
}

/** An entry of the file as the rest of the product gets it: RFC 7591 names stay, references to secrets go. */
function toRegistration(entry: ClientEntry, folder: string): ClientRegistration {
  const { ib, client_secret_env: _env, client_secret_file: _file, ...rest } = entry;
  const usesCodes = entry.grant_types.includes(GRANT.code);
  const isFapi = ib.profile === 'fapi2';
  const metadata = {
    ...rest,
    ...(isFapi ? { require_pushed_authorization_requests: usesCodes, dpop_bound_access_tokens: true } : {}),
    id_token_signed_response_alg: rest.id_token_signed_response_alg ?? (isFapi ? 'ES256' : 'RS256'),
    redirect_uris: rest.redirect_uris ?? [],
    // RFC 7591 2.1: the two lists go together; node-oidc-provider would add authorization_code to any client otherwise.
    response_types: rest.response_types ?? (usesCodes ? ['code'] : []),
  };
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata).filter(([, value]) => value !== undefined),
    ) as ClientRegistration['metadata'],
    ib: {
      ...(ib.platforms === undefined ? {} : { platforms: ib.platforms }),
      ...(ib.default_platform === undefined ? {} : { defaultPlatform: ib.default_platform }),
      skipConsent: ib.skip_consent,
      bridgeCompat: ib.bridge_compat,
      refreshTokens: ib.refresh_tokens,
      ...(ib.id_token_ib_claims ? {} : { idTokenIbClaims: false }),
      ...(ib.profile === undefined ? {} : { profile: ib.profile }),
      ...(ib.logo === undefined && ib.color === undefined ? {} : { brand: brandOf(ib, folder) }),
      ...(metadata.redirect_uris.some((uri) => uri.includes('*')) ? { redirectUriWildcards: true } : {}),
    },
  };
}

function brandOf({ logo, color }: ClientEntry['ib'], folder: string): Brand {
  return {
    ...(logo === undefined ? {} : { logoFile: resolve(folder, logo) }),
    ...(color === undefined ? {} : { color: color.toLowerCase() }),
  };
}

function brandFindings({ ib: { logo, color } }: ClientEntry, folder: string): Finding[] {
  const faults = {
    logo: logo === undefined ? undefined : logoFault(resolve(folder, logo)),
    color: color === undefined ? undefined : colorFault(color),
  };
  return Object.entries(faults).flatMap(([field, message]) =>
    message === undefined ? [] : [{ path: ['ib', field], message }],
  );
}

function toResource(entry: ResourceEntry): ProtectedResource {
  return {
    identifier: entry.identifier,
    scopes: entry.scopes,
    tokenFormat: entry.token_format,
    ...(entry.name === undefined ? {} : { name: entry.name }),
    ...(entry.client_id === undefined ? {} : { clientId: entry.client_id }),
  };
}

function knownScopes(value: unknown): ReadonlySet<string> {
  const ofResources = listOf(value, 'resources').flatMap((resource) => listOf(resource, 'scopes'));
  return new Set([...BUILT_IN_SCOPES, ...ofResources.filter((scope) => typeof scope === 'string')]);
}

/** Entries that mean the same, `formOf` telling what an id means. */
function duplicates(
  value: unknown,
  list: string,
  field: string,
  formOf: (id: string) => string | undefined = (id) => id,
): Finding[] {
  const first = new Map<string, number>();
  return listOf(value, list).flatMap((item, index): Finding[] => {
    const written = isGroup(item) ? item[field] : undefined;
    const id = typeof written === 'string' ? formOf(written) : undefined;
    if (id === undefined) return [];
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, index);
    return earlier === undefined
      ? []
      : [{ path: [list, index, field], message: `is the same as ${list}[${earlier}].${field}` }];
  });
}

/** By list and index, as a person reads the file; within an entry as found. */
function inFileOrder<T extends Fault>(faults: readonly T[]): T[] {
  const rank = ({ path }: T) => (path[0] === 'clients' ? 0 : path[0] === 'resources' ? 1 : -1);
  const index = ({ path }: T) => (typeof path[1] === 'number' ? path[1] : -1);
  return faults.toSorted((a, b) => rank(a) - rank(b) || index(a) - index(b));
}
