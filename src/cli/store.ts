/** `store create|stats|sweep|check|backup`, `session list|revoke`, `token inspect`: what an operator asks of the store. */

import { createTables, reviewTables } from '../../adapters/store/engines/dynamodb-tables.ts';
import { backupDatabase, checkDatabase } from '../../adapters/store/engines/sqlite-maintenance.ts';
import { grantIdOf, ibSessionIdOf, isTokenValueOf } from '../../adapters/store/handles.ts';
import { CommandError, type Output, storeSettings, withStore } from './context.ts';

/** Creates the tables where they are missing, and says what differs in existing ones. */
export async function createStoreTables(output: Output): Promise<void> {
  const { storage } = storeSettings();
  if (storage.kind === 'embedded') throw new CommandError(['the embedded store makes its own tables']);
  const { created, faults, warnings } = await createTables({
    state: storage.stateTable,
    tokens: storage.tokenTable,
  });
  if (faults.length > 0) throw new CommandError(faults);
  const done = created.length === 0 ? 'both tables are there' : `created: ${created.join(', ')}`;
  output.result({ created, warnings }, [done, ...warnings.map((warning) => `warning: ${warning}`)]);
}

/** Says what differs in the tables, or is damaged in the embedded store's file; servers may run meanwhile. */
export async function checkStore(output: Output): Promise<void> {
  const { storage } = storeSettings();
  if (storage.kind === 'dynamodb') {
    const { faults, warnings } = await reviewTables({
      state: storage.stateTable,
      tokens: storage.tokenTable,
    });
    if (faults.length > 0) throw new CommandError(faults);
    return output.result({ warnings }, [
      'both tables are as expected',
      ...warnings.map((warning) => `warning: ${warning}`),
    ]);
  }
  const { damages, items, bytes } = await checkDatabase(storage.dataDir);
  if (damages.length > 0) throw new CommandError(damages.map((damage) => `${storage.dataDir}: ${damage}`));
  output.result({ items, bytes }, [`no damage found: ${items} items, ${bytes} bytes`]);
}

/** Copies the embedded store into a new file. */
export async function backupStore(file: string, output: Output): Promise<void> {
  const { storage } = storeSettings();
  if (storage.kind === 'dynamodb') {
    throw new CommandError(['DynamoDB keeps its own backups: point-in-time recovery, see docs/storage.md']);
  }
  const { items, bytes } = await backupDatabase(storage.dataDir, file);
  output.result({ file, items, bytes }, [
    `${file}: ${items} items, ${bytes} bytes. Without the secrets it opens for nobody: back them up too.`,
  ]);
}

/** Counts live and expired items by kind. */
export async function storeStats(output: Output): Promise<void> {
  const stats = await withStore((store) => store.stats());
  const rows = Object.entries(stats).sort(([a], [b]) => a.localeCompare(b));
  output.result(
    stats,
    rows.map(
      ([model, { live, expired, bytes }]) => `${model}\t${live} live\t${expired} expired\t${bytes} bytes`,
    ),
  );
}

/** Deletes expired items. */
export async function storeSweep(output: Output): Promise<void> {
  const swept = await withStore((store) => store.sweep());
  output.result(swept, [`${swept.deleted} expired items deleted`]);
}

export interface SessionFilter {
  readonly user?: string;
  readonly client?: string;
}

function oneOf({ user, client }: SessionFilter): void {
  // An empty one is a variable of the shell that was not set.
  if (user === '' || client === '' || (user === undefined) === (client === undefined))
    throw new CommandError(['name either --user or --client']);
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Lists the access of one user's apps, or counts that of one app. */
export async function listSessions(filter: SessionFilter, output: Output): Promise<void> {
  oneOf(filter);
  const { user, client = '' } = filter;
  if (user === undefined) {
    const grants = await withStore((store) => store.grantsOfClient(client, false));
    return output.result({ client, grants }, [`${client}: ${grants} users have given it access`]);
  }
  const grants = await withStore((store) => store.grantsOf(user));
  const shown = grants.map(({ clientId, createdAt, lastUsedAt }) => ({ clientId, createdAt, lastUsedAt }));
  output.result(
    shown,
    shown.length === 0
      ? [`${user}: no app has access`]
      : shown.map(
          (row) => `${row.clientId}\tsince ${time(row.createdAt)}\tlast used ${time(row.lastUsedAt)}`,
        ),
  );
}

/** Shows how far a long work has come, where somebody looks. */
function progress(count: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${count} `);
}

/** Takes back the access of one user's apps, or of one app at all its users. */
export async function revokeSessions(filter: SessionFilter, output: Output): Promise<void> {
  oneOf(filter);
  const { user, client = '' } = filter;
  const revoked = await withStore((store) =>
    user === undefined
      ? store.grantsOfClient(client, true, progress)
      : store.revokeGrantsOf(user, { onRevoked: progress }),
  );
  output.result({ revoked }, [`${revoked} revoked`]);
}

/** Says of a token what a server would: kind, whose, until when. The token itself is not repeated. */
export async function inspectToken(value: string, output: Output): Promise<void> {
  const kind = (['AccessToken', 'RefreshToken', 'AuthorizationCode'] as const).find((model) =>
    isTokenValueOf(model, value),
  );
  if (kind === undefined) throw new CommandError(['this is no opaque token of this server']);
  const grantId = grantIdOf(value);
  const ibSessionId = grantId === undefined ? undefined : ibSessionIdOf(grantId);
  const facts = await withStore(async (store) => {
    const token = await store.adapter(kind).find(value);
    const grant = grantId === undefined ? undefined : await store.adapter('Grant').find(grantId);
    const session = ibSessionId === undefined ? undefined : await store.ibSessions.find(ibSessionId);
    return {
      kind,
      live: Boolean(token && !token.consumed && grant && session),
      token: token
        ? { clientId: token.clientId, scope: token.scope, aud: token['aud'], expires: token.exp }
        : undefined,
      grant: Boolean(grant),
      ibSession:
        session === undefined ? undefined : { platform: session.platformUrl, endsAt: session.endsAt },
    };
  });
  output.result(facts, [JSON.stringify(facts, null, 2)]);
}
