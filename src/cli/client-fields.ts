/** A flag of `client add` for each field of the clients' file that has none of its own, made from the file's schema. */
import { Option } from 'commander';
import { parse } from 'yaml';
import { clientsJsonSchema } from '../../config/clients/json-schema.ts';
import { CommandError } from './context.ts';

/** Fields that `client add` fills in itself, or has a flag of its own for. */
const OWN: ReadonlySet<string> = new Set([
  'client_id',
  'client_id_issued_at',
  'client_name',
  'redirect_uris',
  'scope',
  'ib',
  'ib.platforms',
]);

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/** One field: its path in an entry (`ib.profile`), and the flag that sets it. */
export interface ClientField {
  readonly path: string;
  readonly option: Option;
  /** Text stands as it is given; numbers, switches and keys are read as the file would read them. */
  readonly isText: boolean;
}

/** The flags: `--post-logout-redirect-uri <value...>`, `--require-auth-time`, `--ib-profile <value>`, … */
export function clientFields(): readonly ClientField[] {
  const file = clientsJsonSchema() as JsonSchema;
  const client = file.properties?.['clients']?.items?.properties ?? {};
  const ib = Object.entries(client['ib']?.properties ?? {}).map(
    ([name, schema]) => [`ib.${name}`, schema] as const,
  );
  return [...Object.entries(client), ...ib]
    .filter(([path]) => !OWN.has(path))
    .map(([path, schema]) => ({
      path,
      option: optionOf(path, schema),
      isText: schema.type === 'string' || schema.type === 'array',
    }));
}

function optionOf(path: string, { type, description = '' }: JsonSchema): Option {
  const words = path.replaceAll(/[._]/g, '-');
  const name = type === 'array' ? words.replace(/s$/, '') : words;
  const value = type === 'array' ? ' <value...>' : type === 'boolean' ? ' [true|false]' : ' <value>';
  return new Option(`--${name}${value}`, description);
}

/** What the flags say, as members of an entry. */
export function fieldsIn(
  options: Readonly<Record<string, unknown>>,
  fields: readonly ClientField[],
): Record<string, unknown> {
  const entry: Record<string, unknown> = {};
  const ib: Record<string, unknown> = {};
  for (const { path, option, isText } of fields) {
    const said = options[option.attributeName()];
    if (said === undefined) continue;
    const value = typeof said === 'string' && !isText ? read(option, said) : said;
    if (path.startsWith('ib.')) ib[path.slice('ib.'.length)] = value;
    else entry[path] = value;
  }
  return { ...entry, ...(Object.keys(ib).length === 0 ? {} : { ib }) };
}

function read(option: Option, text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    throw new CommandError([`${option.long ?? ''}: is not readable as YAML`]);
  }
}
