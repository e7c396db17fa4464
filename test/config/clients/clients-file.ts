/** A clients' file beside a few files of secrets, as the tests of its faults and readings write it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type ClientsFileContext,
  type ParsedClients,
  registrationsOf,
} from '../../../config/clients/registrations.ts';
import { readShape } from '../../../config/clients/shape.ts';

export const SECRET = 'correct-horse-battery-staple';

/** A text by shape, then by the rules between fields, as the loading of the configuration does it. */
function parseClients(text: string, context: ClientsFileContext): ParsedClients {
  const shape = readShape(context.name, text);
  if ('unreadable' in shape) return { ok: false, faults: shape.unreadable, warnings: [] };
  return registrationsOf(shape, context);
}

/** One public client with these further lines. */
export const client = (fields: string, ib = '') =>
  `clients: [{ client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/cb'], ${fields} ib: { ${ib} } }]`;

/** Text as a clients' file. */
export interface ClientsFile {
  parse(text: string): ParsedClients;
  /** What a file without faults says. */
  parsed(text: string): Extract<ParsedClients, { ok: true }>;
  /** Its faults, without the file's name. */
  faultsOf(text: string): string[];
}

/** Makes the folder of a suite; call inside `describe`. */
export function useClientsFile(): ClientsFile {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-clients-'));
    writeFileSync(join(folder, 'secret.txt'), `${SECRET}-from-a-file\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'open.txt'), `${SECRET}-from-a-file\n`, { mode: 0o644 });
    writeFileSync(join(folder, 'empty.txt'), '', { mode: 0o600 });
  });
  after(() => rmSync(folder, { recursive: true }));

  const parse = (text: string) =>
    parseClients(text, {
      name: 'clients.yaml',
      path: join(folder, 'clients.yaml'),
      env: { A_SECRET: SECRET, NEW_SECRET: `new-${SECRET}`, SHORT: 'short', SPACED: 'two words', EMPTY: '' },
      platformFault: (platform) =>
        platform.toLowerCase().endsWith('.intelligencebank.com') ? undefined : 'is not allowed by IB_HOSTS',
      coversPlatform: (one, other) => one.toLowerCase() === other.toLowerCase(),
    });
  const parsed = (text: string) => {
    const result = parse(text);
    if (!result.ok) expect.fail(result.faults.join('\n'));
    return result;
  };
  const faultsOf = (text: string) => {
    const result = parse(text);
    return result.ok ? [] : result.faults.map((line) => line.replace(/^clients\.yaml: /, ''));
  };
  return { parse, parsed, faultsOf };
}
