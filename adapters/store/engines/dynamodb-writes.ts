/** Writes of the engine on DynamoDB. */
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { atMost } from '../conditions.ts';
import type { Decision, Engine, Write } from '../engine.ts';
import { backOff, chunk } from './dynamodb-call.ts';
import { expressionsOf, fromAttributes, keyAttributes, toAttributes } from './dynamodb-items.ts';
import { type Link, scan } from './dynamodb-reads.ts';

const BATCH_WRITE_LIMIT = 25;

type Batchable = Exclude<Write, { op: 'update' }>;

/** Whether a write may go in a BatchWriteItem, which knows neither conditions nor updates. */
function isBatchable(write: Write): write is Batchable {
  return write.op !== 'update' && write.condition === undefined;
}

/** The verbs that write. */
export function createWrites(link: Link): Pick<Engine, 'write' | 'decide' | 'expire'> {
  async function write(writes: readonly Write[]): Promise<void> {
    const plain = writes.filter(isBatchable);
    const batches = plain.length > 1 ? chunk(plain, BATCH_WRITE_LIMIT) : [];
    const single = plain.length > 1 ? writes.filter((one) => !isBatchable(one)) : writes;
    await Promise.all([
      ...batches.map((batch) => writeBatch(link, batch)),
      ...single.map((one) => writeOne(link, one)),
    ]);
  }

  return {
    write,
    async decide(deciding, { claims = [], before = [], after = [] } = {}) {
      await write(before);
      for (const [at, claim] of claims.entries()) {
        if (!(await writeOne(link, claim)).held) return { held: false, lostClaim: at };
      }
      const decision = await writeOne(link, deciding);
      // It has been decided: an error here would tell the caller that it was not. Each call has told of its own failure.
      if (decision.held) await write(after).catch(() => undefined);
      return decision;
    },
    async expire(nowSeconds) {
      let deleted = 0;
      for (const table of ['state', 'tokens'] as const) {
        for await (const page of scan(link, table)) {
          const over = page.filter(({ expires }) => expires <= nowSeconds);
          // Conditional, since an item may be written anew after it was read.
          const condition = atMost('expires', nowSeconds);
          for (const part of chunk(over, BATCH_WRITE_LIMIT)) {
            await write(part.map(({ pk }) => ({ op: 'delete', key: { table, pk }, condition })));
          }
          deleted += over.length;
        }
      }
      return deleted;
    },
  };
}

async function writeOne({ client, send, tables }: Link, write: Write): Promise<Decision> {
  const { op, key, condition } = write;
  const target = {
    TableName: tables[key.table],
    ReturnConsumedCapacity: 'TOTAL',
    ...expressionsOf(op === 'update' ? { condition, changes: write.changes } : { condition }),
  } as const;
  const facts = { items: 1, kind: 'write' } as const;
  if (op === 'put') {
    const command = new PutItemCommand({ ...target, Item: toAttributes(write.item) });
    const answer = await send({ operation: 'PutItem', ...facts }, (options) => client.send(command, options));
    return answer === undefined ? { held: false } : { held: true, item: write.item };
  }
  if (op === 'delete') {
    const command = new DeleteItemCommand({ ...target, Key: keyAttributes(key) });
    const answer = await send({ operation: 'DeleteItem', ...facts }, (options) =>
      client.send(command, options),
    );
    return { held: answer !== undefined };
  }
  const command = new UpdateItemCommand({ ...target, Key: keyAttributes(key), ReturnValues: 'ALL_NEW' });
  const answer = await send({ operation: 'UpdateItem', ...facts }, (options) =>
    client.send(command, options),
  );
  const item = fromAttributes(answer?.Attributes);
  return { held: answer !== undefined, ...(item === undefined ? {} : { item }) };
}

async function writeBatch({ client, send, tables }: Link, writes: readonly Batchable[]): Promise<void> {
  let pending: Record<string, WriteRequest[]> = {};
  for (const write of writes) {
    const requests = (pending[tables[write.key.table]] ??= []);
    requests.push(
      write.op === 'put'
        ? { PutRequest: { Item: toAttributes(write.item) } }
        : { DeleteRequest: { Key: keyAttributes(write.key) } },
    );
  }
  for (let round = 0; Object.keys(pending).length > 0; round += 1) {
    await backOff(round, 'BatchWriteItem');
    const command = new BatchWriteItemCommand({ RequestItems: pending, ReturnConsumedCapacity: 'TOTAL' });
    const answer = await send(
      { operation: 'BatchWriteItem', items: writes.length, kind: 'write' },
      (options) => client.send(command, options),
    );
    pending = answer?.UnprocessedItems ?? {};
  }
}
