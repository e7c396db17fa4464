import { dirname, resolve } from 'node:path';
import type { Environment } from '../env.ts';
import { type Fault, type FieldNames, faultsOfIssues, formatFault } from '../faults.ts';
import type { Brand, ClientRegistration, ClientSecrets, ProtectedResource } from '../types.ts';
import { colorFault } from './colors.ts';
import { logoFault } from './logo.ts';
import { canonicalResource } from './resource-uri.ts';
import type { CheckedClient, Finding, RuleContext } from './rule.ts';
import { checkClient } from './rules.ts';
import {
  type ClientEntry,
  clientSchema,
  clientsFileSchema,
  type ResourceEntry,
  resourceSchema,
} from './schema.ts';
import { readClientSecrets } from './secrets.ts';
import { BUILT_IN_SCOPES, GRANT, UNSUPPORTED_METADATA } from './supported.ts';
import { parseYaml } from './yaml-document.ts';

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

/** Parses the text of a clients' file (contract: "The clients' file"): shapes by zod, then the rules between fields. */
export function parseClients(text: string, context: ClientsFileContext): ParsedClients {
  const document = parseYaml(context.name, text);
  if (!document.ok) return { ok: false, faults: document.faults, warnings: [] };

  const shape = clientsFileSchema.safeParse(document.value, { reportInput: true });
  const faults = shape.success ? [] : faultsOfIssues(shape.error.issues, fieldNames);
  const entries = readableClients(document.value, faults);
  const scopes = knownScopes(document.value);
  const clientSecrets = new Map<string, readonly string[]>();
  const findings: Finding[] = [
    ...duplicates(document.value, 'clients', 'client_id'),
    ...resourceFindings(document.value),
  ];
  for (const { index, client } of entries) {
    const { secrets, findings: secretFindings } = readClientSecrets(client.entry, {
      env: context.env,
      folder: dirname(context.path),
    });
    if (secrets.length > 0) clientSecrets.set(client.entry.client_id, secrets);
    const found = [
      ...checkClient(client, { ...context, scopes }),
      ...secretFindings,
      ...brandFindings(client.entry, dirname(context.path)),
    ];
    findings.push(...found.map((finding) => ({ ...finding, path: ['clients', index, ...finding.path] })));
  }
  const lines = (list: readonly Fault[]) =>
    inFileOrder(list).map((fault) => formatFault(context.name, fault));
  const warnings = lines(findings.filter((finding) => finding.warning));
  const all = [...faults, ...findings.filter((finding) => !finding.warning)];
  if (!shape.success || all.length > 0) return { ok: false, faults: lines(all), warnings };
  return {
    ok: true,
    clients: shape.data.clients.map((entry) => toRegistration(entry, dirname(context.path))),
    resources: shape.data.resources.map(toResource),
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

const CLIENT_FIELDS = Object.keys(clientSchema.shape);
const IB_FIELDS = Object.keys(clientSchema.shape.ib.unwrap().shape);

const fieldNames: FieldNames = {
  at(path) {
    if (path.length === 0) return Object.keys(clientsFileSchema.shape);
    if (path[0] === 'resources') return Object.keys(resourceSchema.shape);
    if (path.at(-1) === 'ib') return IB_FIELDS;
    return path.length === 2 ? CLIENT_FIELDS : [];
  },
  reason(path, name) {
    if (path[0] !== 'clients') return undefined;
    if (name === 'client_secret') {
      return 'a secret never stands in this file; name where it is with client_secret_env or client_secret_file';
    }
    if (path.length === 2 && IB_FIELDS.includes(name)) return `belongs under ib: ib.${name}`;
    return Object.hasOwn(UNSUPPORTED_METADATA, name)
      ? `is not supported: ${UNSUPPORTED_METADATA[name]}`
      : undefined;
  },
};

/** Each client that is a group of fields, without its faulty fields, so that the rules can judge the others. */
function readableClients(
  value: unknown,
  faults: readonly Fault[],
): { index: number; client: CheckedClient }[] {
  const tolerant = clientSchema.extend({ client_id: clientSchema.shape.client_id.default('') });
  return listOf(value, 'clients').flatMap((raw, index) => {
    if (!isGroup(raw)) return [];
    const paths = faults
      .filter(({ path }) => path[0] === 'clients' && path[1] === index)
      .map(({ path }) => path.slice(2).map(String));
    const faulty = new Set(paths.map((path) => path.slice(0, path[0] === 'ib' ? 2 : 1).join('.')));
    const ib = raw['ib'];
    const sound = {
      ...without(raw, '', faulty),
      ...(isGroup(ib) ? { ib: without(ib, 'ib.', faulty) } : {}),
    };
    const entry = tolerant.safeParse(sound);
    return entry.success
      ? [{ index, client: { entry: entry.data, faulty, raw: (field) => raw[field] } }]
      : [];
  });
}

function without(group: Readonly<Record<string, unknown>>, prefix: string, faulty: ReadonlySet<string>) {
  return Object.fromEntries(Object.entries(group).filter(([key]) => !faulty.has(prefix + key)));
}

function knownScopes(value: unknown): ReadonlySet<string> {
  const ofResources = listOf(value, 'resources').flatMap((resource) => listOf(resource, 'scopes'));
  return new Set([...BUILT_IN_SCOPES, ...ofResources.filter((scope) => typeof scope === 'string')]);
}

function resourceFindings(value: unknown): Finding[] {
  const absolute = listOf(value, 'resources').flatMap((resource, index): Finding[] => {
    const identifier = isGroup(resource) ? resource['identifier'] : undefined;
    if (typeof identifier !== 'string' || identifier === '') return [];
    const message = identifierFault(identifier);
    return message === undefined ? [] : [{ path: ['resources', index, 'identifier'], message }];
  });
  return [...absolute, ...duplicates(value, 'resources', 'identifier', (id) => canonicalResource(id) ?? id)];
}

/** RFC 8707 2: an absolute URI without a fragment. */
function identifierFault(identifier: string): string | undefined {
  if (identifier.includes('#')) return 'must not have a fragment (#)';
  return /\s/.test(identifier) || !URL.canParse(identifier) ? 'must be an absolute URI' : undefined;
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

function listOf(value: unknown, field: string): readonly unknown[] {
  const list = isGroup(value) ? value[field] : undefined;
  return Array.isArray(list) ? list : [];
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** By list and index, as a person reads the file; within an entry as found. */
function inFileOrder<T extends Fault>(faults: readonly T[]): T[] {
  const rank = ({ path }: T) => (path[0] === 'clients' ? 0 : path[0] === 'resources' ? 1 : -1);
  const index = ({ path }: T) => (typeof path[1] === 'number' ? path[1] : -1);
  return faults.toSorted((a, b) => rank(a) - rank(b) || index(a) - index(b));
}
