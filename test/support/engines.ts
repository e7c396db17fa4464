/**
 * The engines that stores are tested on: SQLite in memory and on disk, and DynamoDB: dynalite always, AWS's own DynamoDB
 * Local where asked for.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store, StoreCall } from '../../adapters/store/contract.ts';
import type { Engine } from '../../adapters/store/engine.ts';
import { createDynamoDbEngine } from '../../adapters/store/engines/dynamodb.ts';
import type { ClientSettings } from '../../adapters/store/engines/dynamodb-call.ts';
import { openSqliteEngine } from '../../adapters/store/engines/sqlite.ts';
import { createStore, type StoreOptions } from '../../adapters/store/store.ts';
import { makeTables, startDynalite } from './dynalite.ts';

export const TABLES = { state: 'ib-oauth-state-test', tokens: 'ib-oauth-tokens-test' };
export const PEPPER = { id: 'p1', key: new Uint8Array(randomBytes(32)) };

/** A handle of an IB session, as an attempt would give it. */
export const randomIbSessionId = (): string => randomBytes(16).toString('base64url');

type OnCall = (call: StoreCall) => void;

/** A fresh store of one kind, which may be opened more than once. */
export interface TestEngine {
  open(onCall?: OnCall): Promise<Engine>;
  close(): Promise<void>;
}

/** One that speaks DynamoDB's protocol, for whole servers to connect to. */
export interface DynamoDbTestEngine extends TestEngine {
  readonly client: ClientSettings;
  readonly endpoint: string;
  /** Names the database, where the engine keeps one for each. */
  readonly accessKeyId: string;
}

/** SQLite in this process's memory; every opening is the same one. */
async function startMemory(): Promise<TestEngine> {
  const listeners = new Set<OnCall>();
  const engine = await openSqliteEngine({
    dataDir: ':memory:',
    onCall: (call) => {
      for (const listener of listeners) listener(call);
    },
  });
  return {
    async open(onCall = () => undefined) {
      listeners.add(onCall);
      return { ...engine, close: () => void listeners.delete(onCall) };
    },
    async close() {
      await engine.close();
    },
  };
}

/** SQLite on disk; every opening is a connection of its own, as another process would have. */
async function startFile(): Promise<TestEngine> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ib-oauth-engine-'));
  return {
    open: (onCall) => openSqliteEngine({ dataDir, ...(onCall === undefined ? {} : { onCall }) }),
    close: async () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

/** A fresh DynamoDB: DynamoDB Local at `DYNAMODB_LOCAL_ENDPOINT`, in a database of its own, else dynalite in memory. */
export async function startEngine(): Promise<DynamoDbTestEngine> {
  const local = process.env['DYNAMODB_LOCAL_ENDPOINT'];
  const server = local === undefined ? await startDynalite() : undefined;
  const endpoint = local ?? server?.endpoint ?? '';
  const accessKeyId = `test${randomBytes(8).toString('hex')}`;
  const client: ClientSettings = {
    endpoint,
    region: 'local',
    credentials: { accessKeyId, secretAccessKey: 'test' },
    // It may run in this process, and answers when the process has time.
    limits: { attemptMs: 10_000, callMs: 20_000 },
  };
  await makeTables(client, TABLES);
  return {
    client,
    endpoint,
    accessKeyId,
    open: async (onCall) =>
      createDynamoDbEngine({ tables: TABLES, client, ...(onCall === undefined ? {} : { onCall }) }),
    close: async () => server?.close(),
  };
}

/** Every engine, by what it is called in the output of tests. */
export const ENGINES: Readonly<Record<string, () => Promise<TestEngine>>> = {
  'SQLite in memory': startMemory,
  'SQLite on disk': startFile,
  [process.env['DYNAMODB_LOCAL_ENDPOINT'] === undefined ? 'DynamoDB (dynalite)' : 'DynamoDB Local']:
    startEngine,
};

export interface TestStore extends Store {
  readonly calls: StoreCall[];
}

/** A store on an engine, its calls recorded. */
export async function openStore(
  { open }: Pick<TestEngine, 'open'>,
  options: Partial<StoreOptions> = {},
): Promise<TestStore> {
  const calls: StoreCall[] = [];
  const engine = await open((call) => calls.push(call));
  const store = createStore(engine, { peppers: () => [PEPPER], ...options });
  return { ...store, calls };
}
