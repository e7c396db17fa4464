/** What `client add` has been told, what the program named by `--for` brings, and what has to be asked for. */
import { ask, isYes } from './ask.ts';
import { type ClientField, fieldsIn } from './client-fields.ts';
import type { NewClient } from './clients.ts';
import { CommandError } from './context.ts';
import { entryOf, needsOrigin, type Program, type ProgramFields, resourceOf } from './programs/program.ts';
import { PROGRAMS, programNamed } from './programs/table.ts';

/** What an app may ask for where nobody has said. */
export const DEFAULT_SCOPE = 'openid profile email offline_access ib:api';

/** The flags of `client add`, beside those that are made from the file's schema. */
export interface AddOptions {
  readonly name?: string;
  readonly redirectUri: readonly string[];
  readonly public?: boolean;
  readonly native?: boolean;
  readonly scope?: string;
  readonly platform: readonly string[];
  readonly refresh: boolean;
  readonly for?: string;
  readonly origin?: string;
}

/** The client to add. Throws `CommandError` where something is missing and nobody is there to ask. */
export async function newClient(
  id: string | undefined,
  options: AddOptions,
  flags: readonly ClientField[],
): Promise<NewClient> {
  const said = fieldsIn({ ...options }, flags);
  if (options.for === undefined && options.origin !== undefined) {
    throw new CommandError(['--origin is for --for: say the whole --redirect-uri']);
  }
  if (options.for === undefined) return { ...(await completed(id, options)), fields: said };
  const program = known(options.for);
  const origin = originFor(program, options);
  const { redirectUris, fields } = entryOf(program, origin);
  const resource = resourceOf(program, origin);
  if (id === undefined) throw new CommandError(['client add --for needs <id>']);
  const { scope, ...brought } = withoutWhatIsSaid(fields, options);
  return {
    ...told(options),
    id,
    ...(options.name === undefined ? {} : { name: options.name }),
    redirectUris: options.redirectUri.length > 0 ? options.redirectUri : redirectUris,
    public: options.public === true || fields['token_endpoint_auth_method'] === 'none',
    scope: options.scope ?? (scope === undefined ? undefined : String(scope)),
    fields: { ...brought, ...said, ...bothIb(brought, said) },
    program,
    ...(resource === undefined ? {} : { resource }),
  };
}

const told = ({ platform, public: isPublic, native, scope, refresh }: AddOptions) => ({
  platforms: platform,
  public: isPublic === true,
  native: native === true,
  scope: scope ?? DEFAULT_SCOPE,
  refresh,
});

function known(name: string): Program {
  const program = programNamed(name);
  if (program !== undefined) return program;
  const names = PROGRAMS.map((each) => each.name).sort();
  throw new CommandError([`--for: ${name} is not known; known are ${names.join(', ')}`]);
}

/** Where the app runs: as said, or where its redirect URI is. */
function originFor(program: Program, { origin, redirectUri: [first] }: AddOptions): string {
  if (!needsOrigin(program)) return '';
  const where = origin ?? first;
  if (where === undefined) {
    throw new CommandError([`client add --for ${program.name} needs --origin, such as https://app.acme.com`]);
  }
  const url = URL.parse(where);
  const isOrigin = url !== null && url.origin !== 'null';
  if (!isOrigin || (origin !== undefined && origin.replace(/\/$/, '') !== url.origin)) {
    throw new CommandError([
      `${origin === undefined ? '--redirect-uri' : '--origin'}: ${where} is not an address such as https://app.acme.com`,
    ]);
  }
  return url.origin;
}

/** Flags win over what a program brings. */
function withoutWhatIsSaid(fields: ProgramFields, options: AddOptions): ProgramFields {
  const { grant_types: grants, token_endpoint_auth_method: method, ...rest } = fields;
  return {
    ...rest,
    ...(options.refresh ? { grant_types: grants ?? [] } : {}),
    ...(options.public === true || method === undefined ? {} : { token_endpoint_auth_method: method }),
  };
}

/** The product's own settings come from both. */
function bothIb(brought: ProgramFields, said: Readonly<Record<string, unknown>>): { ib?: object } {
  const ib = { ...(brought['ib'] as object | undefined), ...(said['ib'] as object | undefined) };
  return Object.keys(ib).length === 0 ? {} : { ib };
}

async function completed(id: string | undefined, options: AddOptions): Promise<Omit<NewClient, 'fields'>> {
  const { redirectUri, name } = options;
  if (id !== undefined && redirectUri.length > 0) {
    return { ...told(options), id, redirectUris: redirectUri, ...(name === undefined ? {} : { name }) };
  }
  const [askedId = '', askedName = '', uris = '', isPublic = ''] = await ask(
    [
      { text: 'Client id, such as acme-portal', ...(id === undefined ? {} : { fallback: id }) },
      { text: 'Name that users read', fallback: name ?? id ?? 'the id' },
      { text: 'Redirect URIs, separated by spaces' },
      { text: 'Is it an app that can keep no secret (browser, desktop, mobile)? y/n', fallback: 'n' },
    ],
    'client add needs <id> and --redirect-uri <uri>',
  );
  return {
    ...told(options),
    id: askedId,
    name: askedName === 'the id' ? askedId : askedName,
    redirectUris: uris.split(/\s+/),
    public: told(options).public || isYes(isPublic),
  };
}
