/** The calls to DynamoDB that the store is made of, and nothing about what is stored. */
import { setTimeout } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import type { StoreCall } from '../contract.ts';
import { StoreError } from '../errors.ts';
import {
  type AttributeScalar,
  fromAttributes,
  type Item,
  type Key,
  keyName,
  type TableRole,
  toAttributes,
} from '../items.ts';
import { CLIENT_LIMITS, createSend } from './dynamodb-call.ts';

/** A condition or an update: expression, names and values as DynamoDB's, values in this store's types. */
export interface Expression {
  readonly text: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, AttributeScalar>>;
}

export type Write =
  | { readonly op: 'put'; readonly key: Key; readonly item: Item }
  | { readonly op: 'delete'; readonly key: Key };

/** What of DynamoDB the store uses. Every method rejects with `StoreError` only. */
export interface Engine {
  /** Strongly consistent; absent keys are absent from the map (by `keyName`). */
  read(keys: readonly Key[]): Promise<ReadonlyMap<string, Item>>;
  /** Unconditional; one call for up to 25. */
  write(writes: readonly Write[]): Promise<void>;
  /** A conditional update; undefined when the condition does not hold. */
  update(key: Key, update: Expression, condition?: Expression): Promise<Item | undefined>;
  /** A conditional put; false when the condition does not hold. */
  putIf(key: Key, item: Item, condition: Expression): Promise<boolean>;
  /** A conditional delete; false when the condition does not hold. */
  deleteIf(key: Key, condition: Expression): Promise<boolean>;
  /** One page of the index `subject-index`, up to `limit` items. Eventually consistent. */
  querySubject(subject: string, limit: number): Promise<readonly Item[]>;
  /** All items, page by page; only for operators' commands. */
  scan(table: TableRole): AsyncIterable<readonly Item[]>;
  close(): void;
}

export interface EngineOptions {
  readonly tables: Readonly<Record<TableRole, string>>;
  /** Further settings of the SDK's client, such as `endpoint` for the embedded engine. */
  readonly client?: DynamoDBClientConfig;
  readonly onCall?: (call: StoreCall) => void;
}

const BATCH_WRITE_LIMIT = 25;
const BATCH_GET_LIMIT = 100;
const UNPROCESSED_ROUNDS = 5;
const UNPROCESSED_BACKOFF_MS = 50;

function expressionInput(update: Expression | undefined, condition: Expression | undefined) {
  const names = { ...update?.names, ...condition?.names };
  const values = { ...update?.values, ...condition?.values };
  return {
    ...(condition === undefined ? {} : { ConditionExpression: condition.text }),
    ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: toAttributes(values) } : {}),
  };
}

function chunk<T>(list: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < list.length; at += size) chunks.push(list.slice(at, at + size));
  return chunks;
}

/** Waits before the next round of a batch that DynamoDB took only in part: none before the first, then with jitter. */
async function backOff(round: number, operation: string): Promise<void> {
  if (round === 0) return;
  if (round === UNPROCESSED_ROUNDS) {
    throw new StoreError({ code: 'throttled', operation, engineError: 'UnprocessedItems' });
  }
  await setTimeout(UNPROCESSED_BACKOFF_MS * 2 ** round * (0.5 + Math.random() / 2));
}

/** Connects to DynamoDB; credentials, region and endpoint are the SDK's own business. */
export function createEngine(options: EngineOptions): Engine {
  const client = new DynamoDBClient({
    ...CLIENT_LIMITS,
    ...options.client,
  });
  const send = createSend(options.onCall ?? (() => undefined));
  const name = (role: TableRole): string => options.tables[role];
  const roleOf = (tableName: string): TableRole => (tableName === options.tables.state ? 'state' : 'tokens');
  const keyOf = (key: Key): Record<string, AttributeValue> => ({ pk: { S: key.pk } });

  async function readOne(key: Key): Promise<ReadonlyMap<string, Item>> {
    const answer = await send({ operation: 'GetItem', items: 1, kind: 'read' }, (sendOptions) =>
      client.send(
        new GetItemCommand({
          TableName: name(key.table),
          Key: keyOf(key),
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
        }),
        sendOptions,
      ),
    );
    const item = fromAttributes(answer?.Item);
    return item === undefined ? new Map() : new Map([[keyName(key), item]]);
  }

  async function readBatch(keys: readonly Key[]): Promise<ReadonlyMap<string, Item>> {
    const found = new Map<string, Item>();
    let pending: Record<string, { Keys: Record<string, AttributeValue>[]; ConsistentRead: true }> = {};
    for (const key of keys) {
      const request = (pending[name(key.table)] ??= { Keys: [], ConsistentRead: true });
      request.Keys.push(keyOf(key));
    }
    for (let round = 0; Object.keys(pending).length > 0; round += 1) {
      await backOff(round, 'BatchGetItem');
      const answer = await send(
        { operation: 'BatchGetItem', items: keys.length, kind: 'read' },
        (sendOptions) =>
          client.send(
            new BatchGetItemCommand({ RequestItems: pending, ReturnConsumedCapacity: 'TOTAL' }),
            sendOptions,
          ),
      );
      for (const [tableName, rows] of Object.entries(answer?.Responses ?? {})) {
        for (const row of rows) {
          const item = fromAttributes(row);
          if (item !== undefined) found.set(keyName({ table: roleOf(tableName), pk: item.pk }), item);
        }
      }
      pending = {};
      for (const [tableName, rest] of Object.entries(answer?.UnprocessedKeys ?? {})) {
        if (rest.Keys !== undefined) pending[tableName] = { Keys: rest.Keys, ConsistentRead: true };
      }
    }
    return found;
  }

  async function writeOne(write: Write): Promise<void> {
    const target = { TableName: name(write.key.table), ReturnConsumedCapacity: 'TOTAL' } as const;
    if (write.op === 'put') {
      await send({ operation: 'PutItem', items: 1, kind: 'write' }, (sendOptions) =>
        client.send(new PutItemCommand({ ...target, Item: toAttributes(write.item) }), sendOptions),
      );
    } else {
      await send({ operation: 'DeleteItem', items: 1, kind: 'write' }, (sendOptions) =>
        client.send(new DeleteItemCommand({ ...target, Key: keyOf(write.key) }), sendOptions),
      );
    }
  }

  async function writeBatch(writes: readonly Write[]): Promise<void> {
    let pending: Record<string, WriteRequest[]> = {};
    for (const write of writes) {
      const requests = (pending[name(write.key.table)] ??= []);
      requests.push(
        write.op === 'put'
          ? { PutRequest: { Item: toAttributes(write.item) } }
          : { DeleteRequest: { Key: keyOf(write.key) } },
      );
    }
    for (let round = 0; Object.keys(pending).length > 0; round += 1) {
      await backOff(round, 'BatchWriteItem');
      const answer = await send(
        { operation: 'BatchWriteItem', items: writes.length, kind: 'write' },
        (sendOptions) =>
          client.send(
            new BatchWriteItemCommand({ RequestItems: pending, ReturnConsumedCapacity: 'TOTAL' }),
            sendOptions,
          ),
      );
      pending = answer?.UnprocessedItems ?? {};
    }
  }

  return {
    async read(keys) {
      const [first] = keys;
      if (first === undefined) return new Map();
      if (keys.length === 1) return readOne(first);
      const parts = await Promise.all(chunk(keys, BATCH_GET_LIMIT).map(readBatch));
      return new Map(parts.flatMap((part) => [...part]));
    },

    async write(writes) {
      const [first] = writes;
      if (first === undefined) return;
      if (writes.length === 1) return writeOne(first);
      await Promise.all(chunk(writes, BATCH_WRITE_LIMIT).map(writeBatch));
    },

    async update(key, update, condition) {
      const answer = await send({ operation: 'UpdateItem', items: 1, kind: 'write' }, (sendOptions) =>
        client.send(
          new UpdateItemCommand({
            TableName: name(key.table),
            Key: keyOf(key),
            UpdateExpression: update.text,
            ...expressionInput(update, condition),
            ReturnValues: 'ALL_NEW',
            ReturnConsumedCapacity: 'TOTAL',
          }),
          sendOptions,
        ),
      );
      return fromAttributes(answer?.Attributes);
    },

    async putIf(key, item, condition) {
      const answer = await send({ operation: 'PutItem', items: 1, kind: 'write' }, (sendOptions) =>
        client.send(
          new PutItemCommand({
            TableName: name(key.table),
            Item: toAttributes(item),
            ...expressionInput(undefined, condition),
            ReturnConsumedCapacity: 'TOTAL',
          }),
          sendOptions,
        ),
      );
      return answer !== undefined;
    },

    async deleteIf(key, condition) {
      const answer = await send({ operation: 'DeleteItem', items: 1, kind: 'write' }, (sendOptions) =>
        client.send(
          new DeleteItemCommand({
            TableName: name(key.table),
            Key: keyOf(key),
            ...expressionInput(undefined, condition),
            ReturnConsumedCapacity: 'TOTAL',
          }),
          sendOptions,
        ),
      );
      return answer !== undefined;
    },

    async querySubject(subject, limit) {
      const answer = await send({ operation: 'Query', items: limit, kind: 'read' }, (sendOptions) =>
        client.send(
          new QueryCommand({
            TableName: name('tokens'),
            IndexName: 'subject-index',
            KeyConditionExpression: 'subject = :subject',
            ExpressionAttributeValues: toAttributes({ ':subject': subject }),
            Limit: limit,
            ReturnConsumedCapacity: 'TOTAL',
          }),
          sendOptions,
        ),
      );
      return (answer?.Items ?? []).map(fromAttributes).filter((item) => item !== undefined);
    },

    async *scan(role) {
      let start: Record<string, AttributeValue> | undefined;
      do {
        const ExclusiveStartKey = start;
        const answer = await send({ operation: 'Scan', items: 1, kind: 'read' }, (sendOptions) =>
          client.send(
            new ScanCommand({
              TableName: name(role),
              ReturnConsumedCapacity: 'TOTAL',
              ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
            }),
            sendOptions,
          ),
        );
        yield (answer?.Items ?? []).map(fromAttributes).filter((item) => item !== undefined);
        start = answer?.LastEvaluatedKey;
      } while (start !== undefined);
    },

    close() {
      client.destroy();
    },
  };
}
