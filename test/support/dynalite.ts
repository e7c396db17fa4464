/** dynalite: DynamoDB's protocol in this process, in memory, for tests and benchmarks. It knows neither TTL nor transactions. */
import { once } from 'node:events';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { ensureTable } from '../../adapters/store/engines/dynamodb-tables.ts';
import type { TableRole } from '../../adapters/store/items.ts';

export interface Dynalite {
  readonly endpoint: string;
  readonly client: DynamoDBClientConfig;
  close(): Promise<void>;
}

/** Starts one on loopback. It asks that requests are signed, not by whom. */
export async function startDynalite(): Promise<Dynalite> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  const endpoint = `http://127.0.0.1:${address.port}`;
  return {
    endpoint,
    client: { endpoint, region: 'local', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Makes both tables. */
export async function makeTables(
  client: DynamoDBClientConfig,
  tables: Readonly<Record<TableRole, string>>,
): Promise<void> {
  const admin = new DynamoDBClient(client);
  await ensureTable(admin, 'state', tables.state);
  await ensureTable(admin, 'tokens', tables.tokens);
  admin.destroy();
}
