import { keyRules, profileRules, secretRules } from './auth-rules.ts';
import { grantRules } from './grant-rules.ts';
import { hasWildcard, redirectUriFault, webUriFault } from './redirect-uris.ts';
import {
  at,
  type CheckedClient,
  type Finding,
  hasGrant,
  type MetadataRule,
  type Rule,
  type RuleContext,
  scopesOf,
  warnWhen,
  when,
} from './rule.ts';
import { GRANT } from './supported.ts';

/** Applies each rule whose fields are readable. */
export function checkClient(client: CheckedClient, context: RuleContext): Finding[] {
  const readable = FILE_RULES.filter((rule) => !rule.needs.some((field) => client.faulty.has(field)));
  return [
    ...redirectUriFindings(client, true),
    ...readable.flatMap((rule) => rule.check(client.entry, context)),
  ];
}

/** The same for an app that no admin has entered: what concerns secrets, platforms and our own settings is not its. */
export function checkSelfRegistered(client: CheckedClient, context: Pick<RuleContext, 'scopes'>): Finding[] {
  const readable = METADATA_RULES.filter((rule) => !rule.needs.some((field) => client.faulty.has(field)));
  return [
    ...redirectUriFindings(client, false),
    ...readable.flatMap((rule) => rule.check(client.entry, context)),
  ].filter(({ warning }) => warning !== true);
}

function redirectUriFindings({ entry, faulty, raw }: CheckedClient, vouched: boolean): Finding[] {
  if (faulty.has('application_type')) return [];
  const native = entry.application_type === 'native';
  const lists = [
    // With bridge_compat unreadable, a wildcard is given the benefit of the doubt: its own fault is reported.
    {
      field: 'redirect_uris',
      wildcards: entry.ib.bridge_compat || faulty.has('ib.bridge_compat') || faulty.has('ib'),
    },
    { field: 'post_logout_redirect_uris', wildcards: false },
  ];
  return lists.flatMap(({ field, wildcards }) =>
    strings(raw(field)).flatMap(([uri, index]): Finding[] => {
      const path = [field, index];
      const message = redirectUriFault(uri, { native, wildcards, vouched });
      if (message !== undefined) return [{ path, message }];
      return hasWildcard(uri) ? [{ path, message: wildcardWarning(uri), warning: true }] : [];
    }),
  );
}

function wildcardWarning(uri: string): string {
  const domain = uri.slice('https://*.'.length).split('/', 1)[0];
  return `whoever controls any host directly under ${domain} can receive this client's codes`;
}

function strings(value: unknown): [string, number][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown, index): [string, number][] =>
    typeof item === 'string' && item !== '' ? [[item, index]] : [],
  );
}

const HTTPS_FIELDS = [
  'client_uri',
  'logo_uri',
  'policy_uri',
  'tos_uri',
  'initiate_login_uri',
  'sector_identifier_uri',
] as const;
const CALLED_FIELDS = ['jwks_uri', 'backchannel_logout_uri'] as const;

const uriRules: MetadataRule[] = [
  ...HTTPS_FIELDS.map((field) => ({ field, loopback: false })),
  ...CALLED_FIELDS.map((field) => ({ field, loopback: true })),
].map(({ field, loopback }) => ({
  needs: [field],
  check(entry, { mayCall }) {
    const value = entry[field];
    const url = value === undefined ? null : URL.parse(value);
    if (loopback && url !== null && mayCall?.(url) === true) return [];
    const message = value === undefined ? undefined : webUriFault(value, { loopback });
    return message === undefined ? [] : [at(field, message)];
  },
}));

const subjectRules: MetadataRule[] = [
  {
    needs: ['subject_type', 'sector_identifier_uri', 'redirect_uris'],
    check: (entry) => {
      const hosts = new Set((entry.redirect_uris ?? []).map((uri) => URL.parse(uri)?.host));
      return when(
        entry.subject_type === 'pairwise' && hosts.size > 1 && entry.sector_identifier_uri === undefined,
        'sector_identifier_uri',
        'is needed for pairwise subjects where redirect_uris name several hosts',
      );
    },
  },
  {
    needs: ['subject_type', 'grant_types', 'token_endpoint_auth_method', 'jwks_uri'],
    check: (entry) =>
      when(
        entry.subject_type === 'pairwise' &&
          hasGrant(entry, GRANT.device) &&
          (entry.token_endpoint_auth_method !== 'private_key_jwt' || entry.jwks_uri === undefined),
        'subject_type',
        'pairwise with the device_code grant type needs private_key_jwt and jwks_uri',
      ),
  },
  {
    needs: ['backchannel_logout_uri', 'backchannel_logout_session_required'],
    check: (entry) =>
      when(
        entry.backchannel_logout_session_required && entry.backchannel_logout_uri === undefined,
        'backchannel_logout_session_required',
        'needs backchannel_logout_uri',
      ),
  },
  {
    needs: ['scope'],
    check: (entry, { scopes }) =>
      scopesOf(entry)
        .filter((scope) => !scopes.has(scope))
        .map((scope) =>
          at('scope', `${JSON.stringify(scope.slice(0, 80))} is not one of ${[...scopes].join(' ')}`),
        ),
  },
];

const settingsRules: Rule[] = [
  {
    needs: ['application_type', 'ib.skip_consent', 'ib'],
    check: (entry) =>
      warnWhen(
        entry.ib.skip_consent && entry.application_type === 'native',
        'ib.skip_consent',
        'has no effect for a native app: anyone can use its client_id, so users are always asked (RFC 8252 8.6)',
      ),
  },
  {
    needs: ['ib', 'ib.platforms'],
    check: (entry, context) =>
      (entry.ib.platforms ?? []).flatMap((platform, index) => {
        const message = context.platformFault(platform);
        return message === undefined ? [] : [{ path: ['ib', 'platforms', index], message }];
      }),
  },
  {
    needs: ['ib', 'ib.platforms', 'ib.default_platform'],
    check: ({ ib }, context) => {
      if (ib.default_platform === undefined) return [];
      const pattern = ib.default_platform.includes('*');
      const message = pattern
        ? 'must be one host, not a pattern'
        : context.platformFault(ib.default_platform);
      if (message !== undefined) return [at('ib.default_platform', message)];
      const { default_platform: wanted } = ib;
      const listed = ib.platforms?.some((entry) => context.coversPlatform(entry, wanted)) ?? true;
      return when(!listed, 'ib.default_platform', 'must be one of ib.platforms');
    },
  },
];

/** What holds for any client. */
const METADATA_RULES: readonly MetadataRule[] = [...uriRules, ...keyRules, ...grantRules, ...subjectRules];

/** What holds for an entry of the clients' file. */
const FILE_RULES: readonly Rule[] = [
  ...uriRules,
  ...secretRules,
  ...keyRules,
  ...grantRules,
  ...subjectRules,
  ...settingsRules,
  ...profileRules,
];
