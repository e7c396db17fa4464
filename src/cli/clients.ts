/** `client add|list|show|remove|rotate-secret`: edits the clients' file, comments kept, and never into a faulty one. */
import { randomBytes } from 'node:crypto';
import { type Document, isMap, isSeq, type YAMLMap, YAMLSeq } from 'yaml';
import { sameResource } from '../../config/clients/resource-uri.ts';
import { readEnvironment } from '../../config/env.ts';
import { openClientsFile as open, saveClientsFile as save } from './clients-file.ts';
import { configuration } from './configuration.ts';
import { CommandError, type Output } from './context.ts';
import { type Program, type Resource, settingsFor } from './programs/program.ts';

export interface NewClient {
  readonly id: string;
  readonly name?: string;
  readonly redirectUris: readonly string[];
  readonly public: boolean;
  readonly native: boolean;
  /** Undefined: all that there is, with consent. */
  readonly scope: string | undefined;
  readonly platforms: readonly string[];
  readonly refresh: boolean;
  /** Further fields of the entry, which win over what follows from the others. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The program that it is for, whose settings are told. */
  readonly program?: Program;
  /** The API that it calls, for `resources`. */
  readonly resource?: Resource;
}

const SECRET_BYTES = 32;

/** The environment variable that holds a client's secret; `turn` counts rotations. */
function secretVariable(clientId: string, turn = 1): string {
  const base = clientId
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^(?=\d)/, '_');
  return turn === 1 ? `${base}_SECRET` : `${base}_SECRET_${turn}`;
}

const clientsIn = (document: Document): YAMLSeq => listIn(document, 'clients');

function listIn(document: Document, name: 'clients' | 'resources'): YAMLSeq {
  const list = document.get(name);
  if (isSeq(list)) {
    // `clients: []` would go on in one line.
    if (list.items.length === 0) list.flow = false;
    return list;
  }
  const fresh = new YAMLSeq();
  document.set(name, fresh);
  return fresh;
}

/** Adds an API that is not there yet. */
function addResource(document: Document, resource: Resource): void {
  const list = listIn(document, 'resources');
  const isThere = list.items.some(
    (item) => isMap(item) && sameResource(String(item.get('identifier')), resource.identifier),
  );
  if (!isThere) list.add(document.createNode(resource));
}

function find(document: Document, id: string): YAMLMap | undefined {
  return clientsIn(document)
    .items.filter(isMap)
    .find((entry) => entry.get('client_id') === id);
}

/** A secret that was made, where it belongs, and what comes next. */
interface Told {
  readonly clientId: string;
  readonly variable: string;
  readonly secret: string;
  readonly settings?: string | undefined;
  readonly then?: string;
}

function tell(output: Output, { clientId, variable, secret, settings, then }: Told): void {
  const restart = `Servers refuse the file, and a start fails, until ${variable} is set: set it and restart them; those that run go on with the file as it was.`;
  const result = {
    client_id: clientId,
    client_secret: secret,
    client_secret_env: variable,
    ...(settings === undefined ? {} : { settings }),
    next: [restart, ...(then === undefined ? [] : [then])],
  };
  output.result(result, [
    `client_id:     ${clientId}`,
    `client_secret: ${secret}`,
    '',
    `Shown this once. Give it to the app, and to the server as ${variable}:`,
    `  export ${variable}='${secret}'`,
    ...result.next,
    ...linesOf(settings),
  ]);
}

/** Adds a client, and prints its secret once. */
export function addClient(client: NewClient, output: Output): void {
  const env = readEnvironment();
  const edited = open(env);
  if (find(edited.document, client.id) !== undefined)
    throw new CommandError([`${client.id}: is registered already`]);
  const variable = secretVariable(client.id);
  const {
    token_endpoint_auth_method: method,
    client_secret_env: known,
    client_secret_file: file,
  } = client.fields;
  // Who names a method without a secret, or where the secret is, needs none from here.
  const needsSecret =
    !client.public &&
    (method === undefined || String(method).startsWith('client_secret_')) &&
    known === undefined &&
    file === undefined;
  const platforms = client.platforms.length === 0 ? {} : { platforms: [...client.platforms] };
  const ib = { ...platforms, ...(client.fields['ib'] as object | undefined) };
  const entry = {
    client_id: client.id,
    client_name: client.name ?? client.id,
    ...(client.public ? { token_endpoint_auth_method: 'none' } : {}),
    ...(needsSecret ? { client_secret_env: variable } : {}),
    ...(client.native ? { application_type: 'native' } : {}),
    redirect_uris: [...client.redirectUris],
    grant_types: client.refresh ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
    ...(client.scope === undefined ? {} : { scope: client.scope }),
    ...client.fields,
    ...(Object.keys(ib).length === 0 ? {} : { ib }),
  };
  clientsIn(edited.document).add(edited.document.createNode(entry));
  if (client.resource !== undefined) addResource(edited.document, client.resource);
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  const issuer = save(env, edited, needsSecret ? { [variable]: secret } : {});
  const settings = settingsOf(client, issuer);
  if (needsSecret) return tell(output, { clientId: client.id, variable, secret, settings });
  const proof = client.public ? 'public: PKCE, no secret' : 'no secret made';
  output.result({ client_id: client.id, ...(settings === undefined ? {} : { settings }) }, [
    `client_id: ${client.id} (${proof})`,
    ...linesOf(settings),
  ]);
}

const linesOf = (settings: string | undefined): readonly string[] =>
  settings === undefined ? [] : ['', ...settings.split('\n')];

/** What to copy into the program. The secret has been shown, and stands nowhere twice. */
function settingsOf(
  { id, program, redirectUris }: NewClient,
  issuer: string | undefined,
): string | undefined {
  if (program === undefined) return undefined;
  const origin = URL.parse(redirectUris[0] ?? '')?.origin;
  return settingsFor(program, {
    client_id: id,
    ...(issuer === undefined ? {} : { issuer }),
    ...(origin === undefined ? {} : { origin }),
  });
}

/** Lists the registered clients. */
export function listClients(output: Output): void {
  const { config } = configuration();
  const rows = config.clients.map(({ metadata }) => ({
    client_id: metadata.client_id,
    client_name: metadata['client_name'],
    auth: metadata['token_endpoint_auth_method'],
  }));
  output.result(
    rows,
    rows.length === 0
      ? [`no app is registered in ${config.clientsFile}; client add registers one`]
      : rows.map((row) => `${row.client_id}\t${String(row.client_name ?? '')}\t${String(row.auth)}`),
  );
}

/** Shows one client as the server sees it; its secrets are not part of that. */
export function showClient(id: string, output: Output): void {
  const { config } = configuration();
  const client = config.clients.find(({ metadata }) => metadata.client_id === id);
  if (client === undefined) throw new CommandError([`${id}: is not registered`]);
  output.result(client, [JSON.stringify(client, null, 2)]);
}

/** Removes a client; with it end its tokens, as soon as the server has read the file. */
export function removeClient(id: string, output: Output): void {
  const env = readEnvironment();
  const edited = open(env);
  const list = clientsIn(edited.document);
  const at = list.items.findIndex((entry) => isMap(entry) && entry.get('client_id') === id);
  if (at === -1) throw new CommandError([`${id}: is not registered`]);
  list.delete(at);
  save(env, edited, {});
  output.result({ removed: id }, [`${id} is removed; its tokens end when the server has read the file.`]);
}

/** Gives a client one more secret, the newest first, and keeps the one before until it is removed from the file. */
export function rotateSecret(id: string, output: Output): void {
  const env = readEnvironment();
  const edited = open(env);
  const entry = find(edited.document, id);
  if (entry === undefined) throw new CommandError([`${id}: is not registered`]);
  const current = entry.toJSON()['client_secret_env'] as string | readonly string[] | undefined;
  if (current === undefined && entry.has('client_secret_file')) {
    const how = 'put a new one into a file beside it and name both in client_secret_file, the new one first';
    throw new CommandError([`${id}: its secret lies in a file: ${how}; no restart is needed`]);
  }
  if (current === undefined) throw new CommandError([`${id}: has no client_secret_env to rotate`]);
  const known = [current].flat();
  let turn = known.length + 1;
  while (known.includes(secretVariable(id, turn))) turn += 1;
  const variable = secretVariable(id, turn);
  entry.set(
    'client_secret_env',
    edited.document.createNode([variable, ...known.slice(0, 1)], { flow: true }),
  );
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  save(env, edited, { [variable]: secret });
  const then = `When the app uses it, take ${known[0]} out of the file.`;
  tell(output, { clientId: id, variable, secret, then });
}
