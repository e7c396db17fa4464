/**
 * Metadata that apps give of themselves, by registration (RFC 7591) or in a metadata document: read generously, as real
 * clients write it, and held to the rules of the clients' file. What such an app may not have is left out.
 */
import type * as z from 'zod';
import { type Fault, faultsOfIssues, formatPath } from '../faults.ts';
import { isNativeUri, webUriFault } from './redirect-uris.ts';
import { checkSelfRegistered } from './rules.ts';
import { type ClientEntry, clientSchema, DEFAULT_IB, selfRegisteredSchema } from './schema.ts';
import { CLIENT_AUTH_METHODS, GRANT, RESPONSE_MODES, RESPONSE_TYPES } from './supported.ts';

/** What is not to be read from the metadata. */
export interface SelfRegistrationContext {
  /** All scopes that such an app may be given. */
  readonly scopes: ReadonlySet<string>;
  /** True for an address in the operator's own network: no stranger may have it called. */
  isInternal(url: URL): boolean;
  /** The host of the app's metadata document. */
  readonly ownHost?: string;
}

/** Metadata as it is registered, or what is wrong: each sentence names the field, what came and what is allowed. */
export type SelfRegistration =
  | { readonly ok: true; readonly metadata: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly faults: readonly string[] };

/**
 * Grant types for apps that nobody has entered: they act for a user who has allowed it, never for themselves
 * (`client_credentials`) and never as a resource server (token exchange).
 */
const OWN_GRANT_TYPES: readonly string[] = [GRANT.code, GRANT.refresh, GRANT.device];

type Members = Readonly<Record<string, unknown>>;

/** Reads what an app says of itself. Members that are empty or unknown are ignored (RFC 7591 2). */
export function parseSelfRegistered(body: Members, context: SelfRegistrationContext): SelfRegistration {
  if (isDeeper(body, DEEPEST)) return { ok: false, faults: ['metadata is nested too deeply'] };
  const came = withoutEmpty(body);
  const wanted = withoutEmpty(narrowed(came, context));
  const shape = selfRegisteredSchema().safeParse(wanted, { reportInput: true });
  const faults = [
    ...nothingLeftFaults(came),
    ...(shape.success ? ruleFaults(shape.data, wanted, context) : faultsOfIssues(shape.error.issues)),
  ];
  if (!shape.success || faults.length > 0) {
    return { ok: false, faults: faults.map((fault) => sentence(fault, came)) };
  }
  const { grant_types: grants, response_types: responses } = shape.data;
  const metadata = {
    ...shape.data,
    redirect_uris: shape.data.redirect_uris ?? [],
    response_types: responses ?? (grants.includes(GRANT.code) ? ['code'] : []),
    scope: shape.data.scope ?? [...context.scopes].join(' '),
  };
  const said = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return { ok: true, metadata: Object.fromEntries(said) };
}

/** A certificate of a key of a key set is at five. */
const DEEPEST = 8;

/** Whether something is nested deeper than so many levels; whoever walks through it may then run out of stack. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

type Parsed = z.output<ReturnType<typeof selfRegisteredSchema>>;

/** The rules of the clients' file, and that nobody has the server call addresses of its own network. */
function ruleFaults(parsed: Parsed, wanted: Members, context: SelfRegistrationContext): Fault[] {
  const entry: ClientEntry = { ...parsed, client_id: '', ib: DEFAULT_IB() };
  const client = { entry, faulty: new Set<string>(), raw: (field: string) => wanted[field] };
  return [...checkSelfRegistered(client, context), ...internalFaults(wanted, context)];
}

/** Text without blanks around it; nothing for what is empty. Keys are left alone. */
function tidied(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim();
  if (Array.isArray(value)) {
    const items = value.map(tidied).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  const isEmpty =
    typeof value === 'object' && Object.values(value).every((inner) => tidied(inner) === undefined);
  return isEmpty ? undefined : value;
}

function withoutEmpty(members: Members): Members {
  const kept = Object.entries(members).map(([name, value]) => [name, tidied(value)] as const);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}

/** What may not be had, left out; what was not said and follows from the rest, filled in (RFC 7591 2, 3.2.1). */
function narrowed(came: Members, context: SelfRegistrationContext): Members {
  const method = authMethodOf(came);
  return {
    ...came,
    application_type: came['application_type'] ?? applicationTypeOf(came),
    token_endpoint_auth_method: method,
    token_endpoint_auth_signing_alg:
      method === 'private_key_jwt' ? came['token_endpoint_auth_signing_alg'] : undefined,
    grant_types: among(came['grant_types'], OWN_GRANT_TYPES),
    response_types: among(came['response_types'], RESPONSE_TYPES),
    response_modes: among(came['response_modes'], RESPONSE_MODES),
    scope: scopeOf(came['scope'], context.scopes),
    contacts: mailAddresses(came['contacts']),
    client_uri: shownUri(came['client_uri']),
    policy_uri: shownUri(came['policy_uri']),
    tos_uri: shownUri(came['tos_uri']),
    logo_uri: ownLogo(came, context),
  };
}

/** Entries that are allowed; whatever is no list stays, to be refused by name. */
function among(value: unknown, allowed: readonly unknown[]): unknown {
  return Array.isArray(value) ? value.filter((item) => allowed.includes(item)) : value;
}

/** Of ways to reach people, which may be any (RFC 7591 2), the mail addresses; whatever is no list of text stays, to be refused by name. */
function mailAddresses(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const address = clientSchema().shape.contacts.unwrap().element;
  return value.filter((item) => typeof item !== 'string' || address.safeParse(item).success);
}

/** RFC 8252 7: loopback and private-use schemes are for apps on the user's device, whatever stands beside them. */
function applicationTypeOf({ redirect_uris: uris }: Members): 'native' | 'web' {
  return [uris].flat().some((uri) => typeof uri === 'string' && isNativeUri(uri)) ? 'native' : 'web';
}

/** The method, or the first of those the app can do where it can do several. */
function authMethodOf(came: Members): unknown {
  const { token_endpoint_auth_method: method, token_endpoint_auth_methods_supported: more } = came;
  const known: readonly unknown[] = CLIENT_AUTH_METHODS;
  return [method, ...[more].flat()].find((candidate) => known.includes(candidate)) ?? method;
}

/** The scopes among those asked for that may be had; none of them: all that may be had, as if none had been named. */
function scopeOf(value: unknown, allowed: ReadonlySet<string>): unknown {
  const text = Array.isArray(value) ? value.join(' ') : value;
  if (typeof text !== 'string') return text;
  const kept = text.split(/\s+/).filter((scope) => allowed.has(scope));
  return kept.length === 0 ? undefined : [...new Set(kept)].join(' ');
}

/** Pages to be shown as links: those that are not https are left out, and refused where they are no web page at all. */
function shownUri(value: unknown): unknown {
  if (typeof value !== 'string' || webUriFault(value, { loopback: false }) === undefined) return value;
  return /^https?:$/.test(URL.parse(value)?.protocol ?? '') ? undefined : value;
}

/**
 * A stranger's picture beside the button that allows is a disguise, unless it lies at a host that the code goes to
 * (RFC 7591 5); left out where not. Nor does the server fetch one from a host of the operator's own network.
 */
function ownLogo(came: Members, { ownHost, isInternal }: SelfRegistrationContext): unknown {
  const logo = shownUri(came['logo_uri']);
  if (typeof logo !== 'string' || webUriFault(logo, { loopback: false }) !== undefined) return logo;
  const url = URL.parse(logo);
  if (url !== null && isInternal(url)) return undefined;
  const host = url?.host;
  const isOwn = [came['redirect_uris']].flat().some((uri) => {
    const target = typeof uri === 'string' ? URL.parse(uri) : null;
    return target?.protocol === 'https:' && target.host === host;
  });
  return isOwn || host === ownHost ? logo : undefined;
}

/** Lists of which nothing was left: what the app is made for cannot be had here. */
function nothingLeftFaults(came: Members): Fault[] {
  const lists = [
    ['grant_types', OWN_GRANT_TYPES],
    ['response_types', RESPONSE_TYPES],
    ['response_modes', RESPONSE_MODES],
  ] as const;
  return lists.flatMap(([field, allowed]) => {
    const list = came[field];
    const isHopeless = Array.isArray(list) && (among(list, allowed) as readonly unknown[]).length === 0;
    return isHopeless ? [{ path: [field], message: `must hold one of ${allowed.join(', ')}` }] : [];
  });
}

/** Addresses that the server calls for the app. */
function internalFaults(wanted: Members, context: SelfRegistrationContext): Fault[] {
  return ['jwks_uri', 'backchannel_logout_uri', 'sector_identifier_uri'].flatMap((field) => {
    const url = typeof wanted[field] === 'string' ? URL.parse(wanted[field]) : null;
    if (url === null || (url.protocol === 'https:' && !context.isInternal(url))) return [];
    return [{ path: [field], message: 'must be https at a public host' }];
  });
}

const SHOWN_LENGTH = 120;

/** What is allowed, where the rule says only what is not. */
const ALLOWED_URIS = 'allowed: https, http on loopback, or a scheme that is a domain in reverse';

/** An error is logged by apps, and that of a metadata document shown to whoever asks for it: no password in an address. */
const withoutPasswords = (text: string): string => text.replaceAll(/(:\/\/[^/?#:@"]*:)[^/?#@"]*@/g, '$1...@');

/**
 * One line of ASCII without quotes and backslashes (RFC 6749 5.2): the field, what is wrong, and what came, unless it may be a private
 * key.
 */
function sentence({ path, message }: Fault, came: Members): string {
  const value = path.reduce<unknown>((inner, step) => {
    return typeof inner === 'object' && inner !== null
      ? (inner as Record<PropertyKey, unknown>)[step]
      : undefined;
  }, came);
  const shown =
    value === undefined || path[0] === 'jwks'
      ? ''
      : ` (came: ${plain(withoutPasswords(JSON.stringify(value) ?? '')).slice(0, SHOWN_LENGTH)})`;
  const isRedirect = path.length === 2 && String(path[0]).endsWith('redirect_uris');
  const allowed = isRedirect && !message.includes('https') ? `; ${ALLOWED_URIS}` : '';
  return `${formatPath(path)}: ${plain(message)}${allowed}${shown}`;
}

function plain(text: string): string {
  return text
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replaceAll(/[^\x20-\x7E]/gu, (character) => {
      return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    });
}
