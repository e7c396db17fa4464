/** The adapter one would write first: an item a record, an index for grants and uids, a call for each verb. For comparison. */
import {
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Adapter, AdapterPayload } from 'oidc-provider';

export interface NaiveOptions {
  readonly client: DynamoDBClientConfig;
  readonly table: string;
  readonly onCall: (call: { operation: string; ms: number; units: number }) => void;
}

interface Consumed {
  readonly ConsumedCapacity?: { readonly CapacityUnits?: number };
}

/** A factory for node-oidc-provider's `adapter`. */
export function createNaiveAdapter({
  client: config,
  table,
  onCall,
}: NaiveOptions): (model: string) => Adapter {
  const client = new DynamoDBClient(config);

  async function timed<T>(operation: string, call: Promise<T>): Promise<T> {
    const started = performance.now();
    const answer = await call;
    onCall({
      operation,
      ms: performance.now() - started,
      units: (answer as Consumed).ConsumedCapacity?.CapacityUnits ?? 0,
    });
    return answer;
  }
  const common = { TableName: table, ReturnConsumedCapacity: 'TOTAL' } as const;

  async function byIndex(
    index: 'grant' | 'uid',
    value: string,
  ): Promise<{ pk: string; payload: AdapterPayload }[]> {
    const query = new QueryCommand({
      ...common,
      IndexName: index,
      KeyConditionExpression: '#index = :value',
      ExpressionAttributeNames: { '#index': `${index}Id` },
      ExpressionAttributeValues: { ':value': { S: value } },
    });
    const { Items = [] } = await timed('Query', client.send(query));
    return Items.map((item) => ({
      pk: item['pk']?.S ?? '',
      payload: JSON.parse(item['payload']?.S ?? '{}'),
    }));
  }

  return (model) => {
    const key = (id: string) => ({ pk: { S: `${model}#${id}` } });
    return {
      async upsert(id, payload, expiresIn) {
        const Item = {
          ...key(id),
          payload: { S: JSON.stringify(payload) },
          expires: { N: String(Math.floor(Date.now() / 1000) + (expiresIn ?? 0)) },
          ...(payload.grantId === undefined ? {} : { grantId: { S: payload.grantId } }),
          ...(payload.uid === undefined ? {} : { uidId: { S: payload.uid } }),
        };
        await timed('PutItem', client.send(new PutItemCommand({ ...common, Item })));
      },
      async find(id) {
        const { Item } = await timed(
          'GetItem',
          client.send(new GetItemCommand({ ...common, Key: key(id), ConsistentRead: true })),
        );
        if (Item === undefined) return undefined;
        const payload = JSON.parse(Item['payload']?.S ?? '{}') as AdapterPayload;
        return Item['consumed'] === undefined
          ? payload
          : { ...payload, consumed: Number(Item['consumed'].N) };
      },
      findByUid: async (uid) => (await byIndex('uid', uid))[0]?.payload,
      findByUserCode: async () => undefined,
      async consume(id) {
        const update = new UpdateItemCommand({
          ...common,
          Key: key(id),
          UpdateExpression: 'SET consumed = :now',
          ExpressionAttributeValues: { ':now': { N: String(Math.floor(Date.now() / 1000)) } },
        });
        // `consumed` is a reserved word.
        update.input.UpdateExpression = 'SET #consumed = :now';
        update.input.ExpressionAttributeNames = { '#consumed': 'consumed' };
        await timed('UpdateItem', client.send(update));
      },
      async destroy(id) {
        await timed('DeleteItem', client.send(new DeleteItemCommand({ ...common, Key: key(id) })));
      },
      async revokeByGrantId(grantId) {
        for (const { pk } of await byIndex('grant', grantId)) {
          if (pk.startsWith(`${model}#`)) {
            await timed(
              'DeleteItem',
              client.send(new DeleteItemCommand({ ...common, Key: { pk: { S: pk } } })),
            );
          }
        }
      },
    };
  };
}
