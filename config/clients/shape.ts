/** The clients' file from text to shape: YAML, then the schema's fields. The rules between fields are `registrations.ts`'s. */
import { type Fault, type FieldNames, faultsOfIssues } from '../faults.ts';
import { once } from '../once.ts';
import { isGroup, listOf } from './document.ts';
import type { CheckedClient } from './rule.ts';
import {
  type ClientEntry,
  clientSchema,
  clientsFileSchema,
  type ResourceEntry,
  resourceSchema,
} from './schema.ts';
import { UNSUPPORTED_METADATA } from './supported.ts';
import { parseYaml } from './yaml-document.ts';

/** Entries whose shapes are all right, defaults filled in. */
export interface SoundEntries {
  readonly clients: readonly ClientEntry[];
  readonly resources: readonly ResourceEntry[];
}

/** A file that could be read as a document. */
export interface Shape {
  /** As it stands in the file: what is sound in it is judged beside what is not. */
  readonly document: unknown;
  /** Undefined where a shape is wrong. */
  readonly sound: SoundEntries | undefined;
  readonly faults: readonly Fault[];
  readonly entries: readonly { readonly index: number; readonly client: CheckedClient }[];
}

/** Reads a clients' file, `name` being its own in messages; or gives one line for each mistake that keeps it from being a document. */
export function readShape(name: string, text: string): Shape | { readonly unreadable: string[] } {
  const document = parseYaml(name, text);
  if (!document.ok) return { unreadable: document.faults };
  const parsed = clientsFileSchema().safeParse(document.value, { reportInput: true });
  const faults = parsed.success ? [] : faultsOfIssues(parsed.error.issues, fieldNames());
  return {
    document: document.value,
    sound: parsed.data,
    faults,
    entries: parsed.success
      ? soundClients(document.value, parsed.data.clients)
      : readableClients(document.value, faults),
  };
}

/** All of a file without faults. */
function soundClients(value: unknown, clients: readonly ClientEntry[]): Shape['entries'] {
  const raws = listOf(value, 'clients');
  return clients.map((entry, index) => {
    const raw = raws[index];
    return {
      index,
      client: { entry, faulty: NONE, raw: (field) => (isGroup(raw) ? raw[field] : undefined) },
    };
  });
}

const NONE: ReadonlySet<string> = new Set();

const fieldNames = once((): FieldNames => {
  const ofClient = Object.keys(clientSchema().shape);
  const ofIb = Object.keys(clientSchema().shape.ib.unwrap().shape);
  return {
    at(path) {
      if (path.length === 0) return Object.keys(clientsFileSchema().shape);
      if (path[0] === 'resources') return Object.keys(resourceSchema().shape);
      if (path.at(-1) === 'ib') return ofIb;
      return path.length === 2 ? ofClient : [];
    },
    reason(path, name) {
      if (path[0] !== 'clients') return undefined;
      if (name === 'client_secret') {
        return 'a secret never stands in this file; name where it is with client_secret_env or client_secret_file';
      }
      if (path.length === 2 && ofIb.includes(name)) return `belongs under ib: ib.${name}`;
      return Object.hasOwn(UNSUPPORTED_METADATA, name)
        ? `is not supported: ${UNSUPPORTED_METADATA[name]}`
        : undefined;
    },
  };
});

/** Each client that is a group of fields, without its faulty fields, so that the rules can judge the others. */
function readableClients(
  value: unknown,
  faults: readonly Fault[],
): { index: number; client: CheckedClient }[] {
  const tolerant = clientSchema().extend({ client_id: clientSchema().shape.client_id.default('') });
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
