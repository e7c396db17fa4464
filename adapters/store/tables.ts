/** The two tables as the code expects them. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
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

/** What a table has that differs from what the code expects; each a sentence. Empty where all is well. */
export async function tableFaults(
  client: DynamoDBClient,
  role: TableRole,
  tableName: string,
): Promise<string[]> {
  const faults: string[] = [];
  const expected = tableInput(role, tableName);
  const { Table: table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  const key = table?.KeySchema?.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join(', ');
  if (key !== 'pk HASH') faults.push(`${tableName}: its key is ${key}, expected pk HASH`);
  const indexes = (table?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName);
  for (const { IndexName } of expected.GlobalSecondaryIndexes ?? []) {
    if (!indexes.includes(IndexName)) faults.push(`${tableName}: the index ${IndexName} is missing`);
  }
  const ttl = await client
    .send(new DescribeTimeToLiveCommand({ TableName: tableName }))
    .catch(() => undefined);
  const { AttributeName: attribute, TimeToLiveStatus: status } = ttl?.TimeToLiveDescription ?? {};
  if (ttl !== undefined && (attribute !== TTL_ATTRIBUTE || !/^ENABL/.test(status ?? ''))) {
    faults.push(`${tableName}: TTL is not enabled on ${TTL_ATTRIBUTE}`);
  }
  const backups = await client
    .send(new DescribeContinuousBackupsCommand({ TableName: tableName }))
    .catch(() => undefined);
  const recovery = backups?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  if (recovery !== undefined && recovery.PointInTimeRecoveryStatus !== 'ENABLED') {
    faults.push(`${tableName}: point-in-time recovery is off`);
  }
  return faults;
}

/**
 * Creates both tables where they are missing, with TTL, point-in-time recovery and encryption, and says what differs in
 * existing ones. Engines without these features (dynalite) are taken as they are.
 */
export async function createTables(
  tables: Readonly<Record<TableRole, string>>,
): Promise<{ readonly created: string[]; readonly faults: string[] }> {
  const client = new DynamoDBClient({});
  const created: string[] = [];
  const faults: string[] = [];
  try {
    for (const role of ['state', 'tokens'] as const) {
      const TableName = tables[role];
      if (await ensureTable(client, role, TableName)) {
        created.push(TableName);
        await enable(() =>
          client.send(
            new UpdateTimeToLiveCommand({
              TableName,
              TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
            }),
          ),
        );
        await enable(() =>
          client.send(
            new UpdateContinuousBackupsCommand({
              TableName,
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
            }),
          ),
        );
      }
      faults.push(...(await tableFaults(client, role, TableName)));
    }
  } finally {
    client.destroy();
  }
  return { created, faults };
}

/** Turns a feature on; an engine that does not know it stays as it is. */
async function enable(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Error) || !UNKNOWN_FEATURE.has(error.name)) throw error;
  }
}

const UNKNOWN_FEATURE: ReadonlySet<string> = new Set(['UnknownOperationException', 'ValidationException']);
