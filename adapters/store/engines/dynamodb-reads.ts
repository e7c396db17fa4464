/** Reads of the engine on DynamoDB. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import type { Engine } from '../engine.ts';
import { type Item, type Key, keyName, type TableRole } from '../items.ts';
import { backOff, chunk, type Send } from './dynamodb-call.ts';
import { fromAttributes, keyAttributes, toAttributes } from './dynamodb-items.ts';
import { SUBJECT_INDEX } from './dynamodb-tables.ts';

const BATCH_GET_LIMIT = 100;

/** What reads and writes share: the SDK's client, the sender that all calls go through, and the tables' names. */
export interface Link {
  readonly client: DynamoDBClient;
  readonly send: Send;
  readonly tables: Readonly<Record<TableRole, string>>;
}

/** The verbs that read. */
export function createReads(link: Link): Pick<Engine, 'read' | 'querySubject' | 'scan' | 'count' | 'ready'> {
  return {
    async read(keys) {
      const [first] = keys;
      if (first === undefined) return new Map();
      if (keys.length === 1) return readOne(link, first);
      const parts = await Promise.all(chunk(keys, BATCH_GET_LIMIT).map((part) => readBatch(link, part)));
      return new Map(parts.flatMap((part) => [...part]));
    },

    async querySubject(subject, limit, after) {
      const command = new QueryCommand({
        TableName: link.tables.tokens,
        IndexName: SUBJECT_INDEX,
        KeyConditionExpression: 'subject = :subject',
        ExpressionAttributeValues: toAttributes({ ':subject': subject }),
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: toAttributes({ subject, pk: after }) }),
        ReturnConsumedCapacity: 'TOTAL',
      });
      const answer = await link.send({ operation: 'Query', items: limit, kind: 'read' }, (options) =>
        link.client.send(command, options),
      );
      return itemsOf(answer?.Items);
    },

    scan: (role) => scan(link, role),

    async count(role, prefix, aliveAfter) {
      let total = 0;
      for await (const page of scan(link, role)) {
        total += page.filter(({ pk, expires }) => pk.startsWith(prefix) && expires > aliveAfter).length;
      }
      return total;
    },

    async ready() {
      await readBatch(link, [
        { table: 'state', pk: 'Ready#' },
        { table: 'tokens', pk: 'Ready#' },
      ]);
    },
  };
}

async function readOne({ client, send, tables }: Link, key: Key): Promise<ReadonlyMap<string, Item>> {
  const command = new GetItemCommand({
    TableName: tables[key.table],
    Key: keyAttributes(key),
    ConsistentRead: true,
    ReturnConsumedCapacity: 'TOTAL',
  });
  const answer = await send({ operation: 'GetItem', items: 1, kind: 'read' }, (options) =>
    client.send(command, options),
  );
  const item = fromAttributes(answer?.Item);
  return item === undefined ? new Map() : new Map([[keyName(key), item]]);
}

type Requests = Record<string, { Keys: Record<string, AttributeValue>[]; ConsistentRead: true }>;

async function readBatch(
  { client, send, tables }: Link,
  keys: readonly Key[],
): Promise<ReadonlyMap<string, Item>> {
  const found = new Map<string, Item>();
  let pending: Requests = {};
  for (const key of keys) {
    const request = (pending[tables[key.table]] ??= { Keys: [], ConsistentRead: true });
    request.Keys.push(keyAttributes(key));
  }
  for (let round = 0; Object.keys(pending).length > 0; round += 1) {
    await backOff(round, 'BatchGetItem');
    const command = new BatchGetItemCommand({ RequestItems: pending, ReturnConsumedCapacity: 'TOTAL' });
    const answer = await send({ operation: 'BatchGetItem', items: keys.length, kind: 'read' }, (options) =>
      client.send(command, options),
    );
    for (const [tableName, rows] of Object.entries(answer?.Responses ?? {})) {
      const table: TableRole = tableName === tables.state ? 'state' : 'tokens';
      for (const item of itemsOf(rows)) found.set(keyName({ table, pk: item.pk }), item);
    }
    pending = {};
    for (const [tableName, rest] of Object.entries(answer?.UnprocessedKeys ?? {})) {
      if (rest.Keys !== undefined) pending[tableName] = { Keys: rest.Keys, ConsistentRead: true };
    }
  }
  return found;
}

/** All items of a table, page by page. */
export async function* scan({ client, send, tables }: Link, role: TableRole): AsyncIterable<readonly Item[]> {
  let start: Record<string, AttributeValue> | undefined;
  do {
    const command = new ScanCommand({
      TableName: tables[role],
      ReturnConsumedCapacity: 'TOTAL',
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    const answer = await send({ operation: 'Scan', items: 1, kind: 'read' }, (options) =>
      client.send(command, options),
    );
    yield itemsOf(answer?.Items);
    start = answer?.LastEvaluatedKey;
  } while (start !== undefined);
}

function itemsOf(rows: readonly Record<string, AttributeValue>[] | undefined): Item[] {
  return (rows ?? []).map(fromAttributes).filter((item) => item !== undefined);
}
