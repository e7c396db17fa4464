/** The two tables as the code expects them. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { TableRole } from '../items.ts';

/** The attribute that DynamoDB's TTL deletes by: unix seconds. */
export const TTL_ATTRIBUTE = 'expires';
/** The index of grants by account; only listings use it. */
export const SUBJECT_INDEX = 'subject-index';

/** What creates a table: on demand, one string key, and for the token table the index of grants. */
function tableInput(role: TableRole, tableName: string): CreateTableCommandInput {
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

/** What differs between a table and what the code expects; each a sentence. */
export interface TableReview {
  /** The store cannot work on it. */
  readonly faults: string[];
  /** It works, but not as it should in production. */
  readonly warnings: string[];
}

/** What keeps the store from working on a table, such as one of another program with the same name. */
export function shapeFaults(role: TableRole, table: TableDescription | undefined): string[] {
  const expected = tableInput(role, '');
  const typeOf = (name?: string) =>
    table?.AttributeDefinitions?.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
  const key = (table?.KeySchema ?? [])
    .map(({ AttributeName, KeyType }) => `${AttributeName} ${typeOf(AttributeName)} ${KeyType}`)
    .join(', ');
  const faults = key === 'pk S HASH' ? [] : [`its key is ${key}, expected pk S HASH`];
  const indexes = (table?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName);
  for (const { IndexName } of expected.GlobalSecondaryIndexes ?? []) {
    if (!indexes.includes(IndexName)) faults.push(`the index ${IndexName} is missing`);
  }
  return faults;
}

/** Compares a table with what the code expects. Features that an engine does not know are passed over. */
export async function reviewTable(
  client: DynamoDBClient,
  role: TableRole,
  tableName: string,
): Promise<TableReview> {
  const warnings: string[] = [];
  const { Table: table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  const faults = shapeFaults(role, table).map((fault) => `${tableName}: ${fault}`);
  const ttl = await ifKnown(() => client.send(new DescribeTimeToLiveCommand({ TableName: tableName })));
  const { AttributeName: attribute, TimeToLiveStatus: status } = ttl?.TimeToLiveDescription ?? {};
  if (attribute !== TTL_ATTRIBUTE || !/^ENABL/.test(status ?? '')) {
    warnings.push(`${tableName}: TTL is not enabled on ${TTL_ATTRIBUTE}; run "store sweep" now and then`);
  }
  const backups = await ifKnown(() =>
    client.send(new DescribeContinuousBackupsCommand({ TableName: tableName })),
  );
  const recovery = backups?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  if (recovery?.PointInTimeRecoveryStatus !== 'ENABLED')
    warnings.push(`${tableName}: point-in-time recovery is off`);
  return { faults, warnings };
}

/** Creates both tables where they are missing, with TTL and point-in-time recovery, and reviews existing ones. */
export async function createTables(
  tables: Readonly<Record<TableRole, string>>,
): Promise<TableReview & { readonly created: string[] }> {
  const client = new DynamoDBClient({});
  const created: string[] = [];
  const reviews: TableReview[] = [];
  try {
    for (const role of ['state', 'tokens'] as const) {
      const TableName = tables[role];
      if (await ensureTable(client, role, TableName)) {
        created.push(TableName);
        const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true };
        await ifKnown(() => client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification })));
        const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
        await ifKnown(() =>
          client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification })),
        );
      }
      reviews.push(await reviewTable(client, role, TableName));
    }
  } finally {
    client.destroy();
  }
  return {
    created,
    faults: reviews.flatMap(({ faults }) => faults),
    warnings: reviews.flatMap(({ warnings }) => warnings),
  };
}

/** Reviews both tables as they are. */
export async function reviewTables(tables: Readonly<Record<TableRole, string>>): Promise<TableReview> {
  const client = new DynamoDBClient({});
  try {
    const reviews = [
      await reviewTable(client, 'state', tables.state),
      await reviewTable(client, 'tokens', tables.tokens),
    ];
    return {
      faults: reviews.flatMap(({ faults }) => faults),
      warnings: reviews.flatMap(({ warnings }) => warnings),
    };
  } finally {
    client.destroy();
  }
}

/** The answer of a call, or undefined where the engine does not know the feature (dynalite). */
async function ifKnown<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && UNKNOWN_FEATURE.has(error.name)) return undefined;
    throw error;
  }
}

const UNKNOWN_FEATURE: ReadonlySet<string> = new Set(['UnknownOperationException', 'ValidationException']);
