/** `client …`: its commands and flags, loaded where they are asked for, since the file's whole schema comes with them. */
import { type Command, Option } from 'commander';
import { clientFields } from './client-fields.ts';
import { addClient, listClients, removeClient, rotateSecret, showClient } from './clients.ts';
import type { Output } from './context.ts';
import { type AddOptions, DEFAULT_SCOPE, newClient } from './new-client.ts';
import { createRegistrationToken } from './registration.ts';

/** Adds them below `client`. */
export function addClientCommands(client: Command, output: () => Output): void {
  const fields = clientFields();
  const add = client
    .command('add [id]')
    .description('register an app; asks for what is not said, and prints its secret once')
    .option('--redirect-uri <uri...>', 'where users return to', [])
    .option('--name <name>', 'what users read on the consent page')
    .option('--public', 'an app that can keep no secret: browser, desktop, mobile')
    .option('--native', 'an app on the user’s device: loopback redirects match any port')
    .option('--scope <scopes>', `what it may ask for (default: "${DEFAULT_SCOPE}")`)
    .option('--platform <host...>', 'platforms its users may sign in to', [])
    .option('--no-refresh', 'no refresh tokens')
    .option('--for <program>', 'as this program needs it, with its settings to copy: docs/clients.md')
    .option('--origin <url>', 'where the app is, for the redirect URIs of --for: https://app.acme.com')
    .action(async (id: string | undefined, options: AddOptions) =>
      addClient(await newClient(id, options, fields), output()),
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
