/** `client …`: its commands and flags, loaded where they are asked for, since the file's whole schema comes with them. */
import { type Command, Option } from 'commander';
import { ask, isYes } from './ask.ts';
import { clientFields, fieldsIn } from './client-fields.ts';
import { addClient, listClients, type NewClient, removeClient, rotateSecret, showClient } from './clients.ts';
import type { Output } from './context.ts';
import { createRegistrationToken } from './registration.ts';

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
