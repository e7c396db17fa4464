#!/usr/bin/env node
/** The admin's commands. This room owns their words; it must not know requests, nor have rules of its own about what it changes. */
import { text } from 'node:stream/consumers';
import { Command, CommanderError, Option } from 'commander';
import { SecretsError } from '../../adapters/secrets/error.ts';
import { KEY_KINDS, type KeyKind } from '../../adapters/secrets/rotation.ts';
import { StoreError } from '../../adapters/store/errors.ts';
import { hideExperimentalWarnings } from '../telemetry/warnings.ts';
import { CommandError, createOutput, type Output } from './context.ts';
import { noteOf } from './note.ts';
import type { SessionFilter } from './store.ts';

// A command loads what it works with, and no other: half of the time of a short one was loading.
const forStore = () => import('./store.ts');
const forKeys = () => import('./secrets.ts');

/** The program: every command with its help. */
async function createProgram(): Promise<Command> {
  const program = new Command('ib-oauth');
  let noting: (() => void) | undefined;
  const output = (): Output => createOutput(program.opts<{ json?: boolean }>().json === true);
  program
    .description('Administers an ib-oauth server. Reads the same environment as the server.')
    .option('--json', 'print results as JSON')
    .configureOutput({ outputError: (text, write) => write(text.replaceAll(/\n(?=.)/g, ' ')) })
    .exitOverride()
    .hook('preAction', (_program, command) => {
      noting = noteOf(command);
    })
    .hook('postAction', () => noting?.());

  program
    .command('check')
    .description('check configuration, secrets, store, and that platforms answer')
    .option('--platform <host...>', 'platforms to ask', [])
    .action(async ({ platform }: { platform: string[] }) =>
      (await import('./check.ts')).check(platform, output()),
    );

  const client = program.command('client').description("apps in the clients' file");
  if (process.argv.includes('client'))
    (await import('./client-commands.ts')).addClientCommands(client, output);

  addSecretsCommands(program, output);
  addStoreCommands(program, output);
  addSessionCommands(program, output);

  program
    .command('trace <reference>')
    .description(
      'tell the story behind a reference, a sign-in, a grant or an account, from a log on standard input',
    )
    .action(async (reference: string) =>
      (await import('./trace.ts')).trace({ reference, log: process.stdin }, output()),
    );

  program
    .command('token')
    .description('tokens')
    .command('inspect')
    .description(
      'say what a token is; it is read from standard input, so that it stays out of the shell history',
    )
    .action(async () => (await forStore()).inspectToken((await text(process.stdin)).trim(), output()));
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
      async ({
        only = parent.name() === 'keys' ? ['signing_key'] : KEY_KINDS,
        add,
        now = false,
      }: RotateFlags) =>
        (await forKeys()).rotate({ kinds: only, added: add === undefined ? [] : [add], now }, output()),
    );
}

function addStoreCommands(program: Command, output: () => Output): void {
  const store = program.command('store').description('the tables, or the embedded store');
  store
    .command('create')
    .description('create missing tables and check existing ones')
    .action(async () => (await forStore()).createStoreTables(output()));
  store
    .command('stats')
    .description('count live and expired items by kind')
    .action(async () => (await forStore()).storeStats(output()));
  store
    .command('sweep')
    .description('delete expired items, for engines without TTL')
    .action(async () => (await forStore()).storeSweep(output()));
  store
    .command('check')
    .description('look for damage in the embedded store, or for what differs in the tables')
    .action(async () => (await forStore()).checkStore(output()));
  store
    .command('backup <file>')
    .description('copy the embedded store, while servers use it, into a new file')
    .action(async (file: string) => (await forStore()).backupStore(file, output()));
}

function addSessionCommands(program: Command, output: () => Output): void {
  const session = program.command('session').description('access that users have given');
  const filters = (command: Command): Command =>
    command
      .option('--user <sub>', 'of this user: {clientid}.{userUuid}')
      .option('--client <id>', 'of this app (reads the whole table)');
  filters(session.command('list').description('list access')).action(async (filter: SessionFilter) =>
    (await forStore()).listSessions(filter, output()),
  );
  filters(session.command('revoke').description('take access back')).action(async (filter: SessionFilter) =>
    (await forStore()).revokeSessions(filter, output()),
  );
}

function addSecretsCommands(program: Command, output: () => Output): void {
  const secrets = program.command('secrets').description("the server's own keys: signing, cookies, peppers");
  secrets
    .command('create <file>')
    .description('make a new secrets file; never over an existing one')
    .action(async (file: string) => (await forKeys()).createSecretsFile(file, output()));
  secrets
    .command('list')
    .description('list keys by status')
    .action(async () => (await forKeys()).listKeys(KEY_KINDS, output()));
  rotateCommand(
    secrets,
    'one step: what is known comes into use, what was in use only holds, what has held for a week goes; refuses a step that is too early',
    output,
  ).addOption(new Option('--only <kind...>', 'these alone').choices(KEY_KINDS));
  const keys = program.command('keys').description('the same for signing keys alone');
  keys
    .command('list')
    .description('list signing keys by status')
    .action(async () => (await forKeys()).listKeys(['signing_key'], output()));
  rotateCommand(keys, 'one step with the signing keys', output);
}

const PLACE_FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'is not yours to write or read',
  EEXIST: 'a part of the path is no folder',
  EISDIR: 'is a folder',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of the path is no folder',
  EROFS: 'is on a read-only file system',
};

/** Lines for standard error; undefined for errors that nobody expects. */
function linesOf(error: unknown): readonly string[] | undefined {
  if (error instanceof CommandError) return error.lines;
  if (error instanceof SecretsError) return error.faults;
  if (error instanceof StoreError) {
    return [error.fault ?? `the store does not answer: ${error.code} (${error.engineError})`];
  }
  // A place that is named in the command: no folder, not ours, no space; or what the AWS SDK met on its way.
  const { name, code, path, $metadata } = error as NodeJS.ErrnoException & { $metadata?: unknown };
  if ($metadata !== undefined) return [`AWS does not do it: ${code ?? name}; check says more`];
  if (code !== undefined && path !== undefined)
    return [`${path}: ${PLACE_FAULTS[code] ?? `failed (${code})`}`];
  return undefined;
}

hideExperimentalWarnings();
// `| head` has read enough: nobody is left to tell.
process.stdout.on('error', () => process.exit(0));
try {
  const program = await createProgram();
  await program.parseAsync();
} catch (error) {
  // Help and usage have been printed by now.
  if (error instanceof CommanderError) process.exit(error.exitCode);
  const lines = linesOf(error);
  if (lines === undefined) throw error;
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(1);
}
