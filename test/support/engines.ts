/** The engines that stores are tested on: dynalite always, AWS's own DynamoDB Local where asked for. */
import { randomBytes } from 'node:crypto';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { Store, StoreCall } from '../../adapters/store/contract.ts';
import { ensureTable } from '../../adapters/store/engines/dynamodb-tables.ts';
import { startEmbedded } from '../../adapters/store/engines/embedded.ts';
import { createStore, type StoreOptions } from '../../adapters/store/store.ts';

export const TABLES = { state: 'ib-oauth-state-test', tokens: 'ib-oauth-tokens-test' };
export const PEPPER = { id: 'p1', key: new Uint8Array(randomBytes(32)) };

export interface TestEngine {
  readonly client: DynamoDBClientConfig;
  readonly endpoint: string;
  /** Names the database, where the engine keeps one for each. */
  readonly accessKeyId: string;
  close(): Promise<void>;
}

/** A fresh engine: DynamoDB Local at `DYNAMODB_LOCAL_ENDPOINT`, in a database of its own, else dynalite in memory. */
export async function startEngine(): Promise<TestEngine> {
  const endpoint = process.env['DYNAMODB_LOCAL_ENDPOINT'];
  if (endpoint === undefined) {
    return { ...(await startEmbedded({ dataDir: ':memory:', tables: TABLES })), accessKeyId: 'test' };
  }
  // DynamoDB Local keeps a database for each access key.
  const accessKeyId = `test${randomBytes(8).toString('hex')}`;
  const client = { endpoint, region: 'local', credentials: { accessKeyId, secretAccessKey: 'test' } };
  const admin = new DynamoDBClient(client);
  await ensureTable(admin, 'state', TABLES.state);
  await ensureTable(admin, 'tokens', TABLES.tokens);
  admin.destroy();
  return { client, endpoint, accessKeyId, close: async () => undefined };
}

export interface TestStore extends Store {
  readonly calls: StoreCall[];
}

/** A store on an engine, its calls recorded. */
export function openStore(engine: TestEngine, options: Partial<StoreOptions> = {}): TestStore {
  const calls: StoreCall[] = [];
  const store = createStore({
    tables: TABLES,
    peppers: () => [PEPPER],
    refreshLeewaySeconds: 10,
    client: engine.client,
    onCall: (call) => calls.push(call),
    ...options,
  });
  return { ...store, calls };
}
