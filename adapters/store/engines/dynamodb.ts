/**
 * The engine on DynamoDB. It takes no transactions (docs/decisions/0012): what takes effect with a deciding write is
 * written before it, under keys that nobody knows yet.
 */
import type { StoreCall } from '../contract.ts';
import type { Engine } from '../engine.ts';
import type { TableRole } from '../items.ts';
import { type ClientSettings, createClient, createSend } from './dynamodb-call.ts';
import { createNodeTransport } from './dynamodb-node-http.ts';
import { createReads } from './dynamodb-reads.ts';
import { createUndiciTransport } from './dynamodb-undici.ts';
import { createWrites } from './dynamodb-writes.ts';

export interface DynamoDbOptions {
  readonly tables: Readonly<Record<TableRole, string>>;
  /** Further settings of the SDK's client, such as `endpoint`. */
  readonly client?: ClientSettings;
  /** Which costs a process less: `undici` a call, `node` its start. Default: `undici`. */
  readonly transport?: 'undici' | 'node' | undefined;
  readonly onCall?: (call: StoreCall) => void;
}

/** Connects to DynamoDB; credentials, region and endpoint are the SDK's own business. Nothing is sent until first used. */
export function createDynamoDbEngine(options: DynamoDbOptions): Engine {
  const { limits, ...settings } = options.client ?? {};
  const transport = options.transport === 'node' ? createNodeTransport() : createUndiciTransport();
  const client = createClient(transport, settings);
  const send = createSend(options.onCall ?? (() => undefined), limits);
  const link = { client, send, tables: options.tables };
  return {
    isWhole: false,
    ...createReads(link),
    ...createWrites(link),
    close: () => client.destroy(),
  };
}
