/** The two tables as the code expects them. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { TableRole } from './items.ts';

/** The attribute that DynamoDB's TTL deletes by: unix seconds. */
export const TTL_ATTRIBUTE = 'expires';
/** The index of grants by account; only listings use it. */
export const SUBJECT_INDEX = 'subject-index';

/** What creates a table: on demand, one string key, and for the token table the index of grants. */
export function tableInput(role: TableRole, tableName: string): CreateTableCommandInput {
  const base = {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  } satisfies CreateTableCommandInput;
  if (role === 'state') return base;
  return {
    ...base,
    AttributeDefinitions: [...base.AttributeDefinitions, { AttributeName: 'subject', AttributeType: 'S' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: SUBJECT_INDEX,
        KeySchema: [{ AttributeName: 'subject', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['summary', 'expires', 'lastUsedAt'] },
      },
    ],
  };
}

/** Creates a table where it is missing and waits until it is there; true when it was created. */
export async function ensureTable(
  client: DynamoDBClient,
  role: TableRole,
  tableName: string,
): Promise<boolean> {
  try {
    await client.send(new DescribeTableCommand({ TableName: tableName }));
    return false;
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  await client.send(new CreateTableCommand(tableInput(role, tableName)));
  await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 60 }, { TableName: tableName });
  return true;
}
