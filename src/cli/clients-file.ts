/** The clients' file as commands change it: read whole, written only where the server would take it, and in place. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { fileBytesFor, LIMITS } from '../../config/clients/size-limits.ts';
import { parseYaml } from '../../config/clients/yaml-document.ts';
import { loadConfig } from '../../config/config.ts';
import type { Environment } from '../../config/env.ts';
import { readTextFile } from '../../config/files.ts';
import { clientsFileOf } from '../../config/settings.ts';
import { CommandError } from './context.ts';

const NO_CLIENTS = 'clients: []\n';

/** The file and what is to become of it; `madeFrom` is its text where there is one. */
export interface EditedFile {
  readonly path: string;
  readonly document: Document;
  readonly madeFrom: string | undefined;
}

/** Reads the file that the server reads, or begins one. Throws `CommandError` with what keeps it from being edited. */
export function openClientsFile(env: Environment): EditedFile {
  const path = clientsFileOf(env);
  const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
  const file = isNew
    ? ({ ok: true, text: NO_CLIENTS } as const)
    : readTextFile(path, fileBytesFor(LIMITS.clients));
  if (!file.ok) throw new CommandError([`${path}: ${file.reason}`]);
  const parsed = parseYaml(path, file.text);
  if (!parsed.ok) throw new CommandError(parsed.faults);
  const document = parseDocument(file.text);
  // What stands in place of a list is not overwritten.
  if (document.contents !== null && !isMap(document.contents))
    throw new CommandError([`${path}: must be a group of fields`]);
  for (const name of ['clients', 'resources'] as const) {
    const list = document.get(name) ?? undefined;
    if (list !== undefined && !isSeq(list)) throw new CommandError([`${path}: ${name}: must be a list`]);
  }
  return { path, document, madeFrom: isNew ? undefined : textAt(path) };
}

/** Writes the file if the server would take it; `secrets` are variables that are not set yet. The server's issuer, where it is known. */
export function saveClientsFile(
  env: Environment,
  { path, document, madeFrom }: EditedFile,
  secrets: Record<string, string>,
): string | undefined {
  const text = textOf(path, document);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    const checked = loadConfig({ ...env, ...secrets, CLIENTS_FILE: temporary });
    if (!checked.ok) throw new CommandError(checked.faults.map((fault) => fault.replace(temporary, path)));
    // Another command, or an editor, may have been faster.
    if ((existsSync(path) ? textAt(path) : undefined) !== madeFrom)
      throw new CommandError([`${path}: was changed meanwhile; nothing is done`]);
    putInPlace(temporary, path);
    return checked.config.issuer;
  } finally {
    rmSync(temporary, { force: true });
  }
}

const textAt = (path: string): string => readFileSync(path, 'utf8');

/** In place of the file that a link leads to; owner and mode stay, for the server may run under another account. */
function putInPlace(temporary: string, path: string): void {
  if (!existsSync(path)) return renameSync(temporary, path);
  const target = realpathSync(path);
  const { mode, uid, gid } = statSync(target);
  chmodSync(temporary, mode & 0o777);
  if (process.getuid?.() === 0) chownSync(temporary, uid, gid);
  renameSync(temporary, target);
}

function textOf(path: string, document: Document): string {
  try {
    return document.toString({ lineWidth: 0, flowCollectionPadding: false });
  } catch {
    // An alias whose anchor goes is all that cannot be written.
    throw new CommandError([
      `${path}: something in this app is used elsewhere by an alias; write it out there`,
    ]);
  }
}
