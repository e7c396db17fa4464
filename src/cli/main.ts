#!/usr/bin/env node
/** The admin's commands. */
import { text } from 'node:stream/consumers';
import { Command, CommanderError, Option } from 'commander';
import { SecretsError } from '../../adapters/secrets/error.ts';
import { KEY_KINDS, type KeyKind } from '../../adapters/secrets/rotation.ts';
import { StoreError } from '../../adapters/store/errors.ts';
import { ask, isYes } from './ask.ts';
import { check } from './check.ts';
import { clientFields, fieldsIn } from './client-fields.ts';
import { addClient, listClients, type NewClient, removeClient, rotateSecret, showClient } from './clients.ts';
import { CommandError, createOutput, type Output } from './context.ts';
import { noteOf } from './note.ts';
import { createRegistrationToken } from './registration.ts';
import { createSecretsFile, listKeys, rotate } from './secrets.ts';
import {
  backupStore,
  checkStore,
  createStoreTables,
  inspectToken,
  listSessions,
  revokeSessions,
  type SessionFilter,
  storeStats,
  storeSweep,
} from './store.ts';

const DEFAULT_SCOPE = 'openid profile email offline_access ib:api';

interface AddOptions {
  readonly name?: string;
  readonly redirectUri: string[];
  readonly public?: boolean;
  readonly native?: boolean;
  readonly scope: string;
  readonly platform: string[];
  readonly refresh: boolean;
}

/** The program: every command with its help. */
function createProgram(): Command {
  const program = new Command('ib-oauth');
  let noting: (() => void) | undefined;
  const output = (): Output => createOutput(program.opts<{ json?: boolean }>().json === true);
  program
    .description('Administers an ib-oauth server. Reads the same environment as the server.')
    .option('--json', 'print results as JSON')
    .showHelpAfterError()
    .exitOverride()
    .hook('preAction', (_program, command) => {
      noting = noteOf(command);
    })
    .hook('postAction', () => noting?.());

  program
    .command('check')
    .description('check configuration, secrets, store, and that platforms answer')
    .option('--platform <host...>', 'platforms to ask', [])
    .action((options: { platform: string[] }) => check(options.platform, output()));

  addClientCommands(program, output);

  addSecretsCommands(program, output);

  const store = program.command('store').description('the tables, or the embedded store');
  store
    .command('create')
    .description('create missing tables and check existing ones')
    .action(() => createStoreTables(output()));
  store
    .command('stats')
    .description('count live and expired items by kind')
    .action(() => storeStats(output()));
  store
    .command('sweep')
    .description('delete expired items, for engines without TTL')
    .action(() => storeSweep(output()));
  store
    .command('check')
    .description('look for damage in the embedded store, or for what differs in the tables')
    .action(() => checkStore(output()));
  store
    .command('backup <file>')
    .description('copy the embedded store, while servers use it, into a new file')
    .action((file: string) => backupStore(file, output()));

  const session = program.command('session').description('access that users have given');
  const filters = (command: Command): Command =>
    command
      .option('--user <sub>', 'of this user: {clientid}.{userUuid}')
      .option('--client <id>', 'of this app (reads the whole table)');
  filters(session.command('list').description('list access')).action((filter: SessionFilter) =>
    listSessions(filter, output()),
  );
  filters(session.command('revoke').description('take access back')).action((filter: SessionFilter) =>
    revokeSessions(filter, output()),
  );

  program
    .command('token')
    .description('tokens')
    .command('inspect')
    .description(
      'say what a token is; it is read from standard input, so that it stays out of the shell history',
    )
    .action(async () => inspectToken((await text(process.stdin)).trim(), output()));
  return program;
}

interface RotateFlags {
  readonly only?: readonly KeyKind[];
  readonly add?: 'EdDSA';
  readonly now?: boolean;
}

/** One step of rotation, with the flags it takes. */
function rotateCommand(parent: Command, description: string, output: () => Output): Command {
  return parent
    .command('rotate')
    .description(description)
    .addOption(new Option('--add <alg>', 'one more algorithm to sign with').choices(['EdDSA']))
    .option('--now', 'take the step although some process or app may not know the new keys yet')
    .action(
      ({ only = parent.name() === 'keys' ? ['signing_key'] : KEY_KINDS, add, now = false }: RotateFlags) =>
        rotate({ kinds: only, added: add === undefined ? [] : [add], now }, output()),
    );
}

function addSecretsCommands(program: Command, output: () => Output): void {
  const secrets = program.command('secrets').description("the server's own keys: signing, cookies, peppers");
  secrets
    .command('create <file>')
    .description('make a new secrets file; never over an existing one')
    .action((file: string) => createSecretsFile(file, output()));
  secrets
    .command('list')
    .description('list keys by status')
    .action(() => listKeys(KEY_KINDS, output()));
  rotateCommand(
    secrets,
    'one step: what is known comes into use, what was in use only holds, what has held for a week goes; refuses a step that is too early',
    output,
  ).addOption(new Option('--only <kind...>', 'these alone').choices(KEY_KINDS));
  const keys = program.command('keys').description('the same for signing keys alone');
  keys
    .command('list')
    .description('list signing keys by status')
    .action(() => listKeys(['signing_key'], output()));
  rotateCommand(keys, 'one step with the signing keys', output);
}

function addClientCommands(program: Command, output: () => Output): void {
  const client = program.command('client').description("apps in the clients' file");
  const fields = clientFields();
  const add = client
    .command('add [id]')
    .description('register an app; asks for what is not said, and prints its secret once')
    .option('--redirect-uri <uri...>', 'where users return to', [])
    .option('--name <name>', 'what users read on the consent page')
    .option('--public', 'an app that can keep no secret: browser, desktop, mobile')
    .option('--native', 'an app on the user’s device: loopback redirects match any port')
    .addOption(new Option('--scope <scopes>', 'what it may ask for').default(DEFAULT_SCOPE))
    .option('--platform <host...>', 'platforms its users may sign in to', [])
    .option('--no-refresh', 'no refresh tokens')
    .action(async (id: string | undefined, options: AddOptions) =>
      addClient({ ...(await completed(id, options)), fields: fieldsIn({ ...options }, fields) }, output()),
    );
  for (const { option } of fields) add.addOption(option);
  client
    .command('registration-token')
    .description('a token with which apps register themselves where REGISTRATION=token; shown once')
    .addOption(new Option('--hours <n>', 'how long it works').default('24'))
    .action(({ hours }: { hours: string }) => createRegistrationToken(Number(hours), output()));
  client
    .command('list')
    .description('list apps')
    .action(() => listClients(output()));
  client
    .command('show <id>')
    .description('show one app')
    .action((id: string) => showClient(id, output()));
  client
    .command('remove <id>')
    .description('remove an app and end its tokens')
    .action((id: string) => removeClient(id, output()));
  client
    .command('rotate-secret <id>')
    .description('one more secret; the one before still works')
    .action((id: string) => rotateSecret(id, output()));
}

/** What `client add` has been told, and what it had to ask for. */
async function completed(id: string | undefined, options: AddOptions): Promise<Omit<NewClient, 'fields'>> {
  const { redirectUri, platform, name, scope, refresh } = options;
  const told = {
    platforms: platform,
    public: options.public === true,
    native: options.native === true,
    scope,
    refresh,
  };
  if (id !== undefined && redirectUri.length > 0) {
    return { ...told, id, redirectUris: redirectUri, ...(name === undefined ? {} : { name }) };
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
    ...told,
    id: askedId,
    name: askedName === 'the id' ? askedId : askedName,
    redirectUris: uris.split(/\s+/),
    public: told.public || isYes(isPublic),
  };
}

/** Lines for standard error; undefined for errors that nobody expects. */
function linesOf(error: unknown): readonly string[] | undefined {
  if (error instanceof CommandError) return error.lines;
  if (error instanceof SecretsError) return error.faults;
  if (error instanceof StoreError) {
    return [error.fault ?? `the store does not answer: ${error.code} (${error.engineError})`];
  }
  return undefined;
}

// `| head` has read enough: nobody is left to tell.
process.stdout.on('error', () => process.exit(0));
try {
  await createProgram().parseAsync();
} catch (error) {
  // Help and usage have been printed by now.
  if (error instanceof CommanderError) process.exit(error.exitCode);
  const lines = linesOf(error);
  if (lines === undefined) throw error;
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(1);
}
