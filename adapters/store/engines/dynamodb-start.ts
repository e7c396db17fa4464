/** Whether a server can start on its tables: what an operator must mend first, and the command that does. */
import {
  DescribeTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import type { TableRole } from '../items.ts';
import { shapeFaults } from './dynamodb-tables.ts';

const VARIABLES: Readonly<Record<TableRole, string>> = { state: 'STATE_TABLE', tokens: 'TOKEN_TABLE' };
const COMMAND = 'npm run ib-oauth -- store create';
/** A server that cannot start says so within two seconds. */
const WITHIN_MS = 1_500;

/** Faults, each a line; or by which error nothing could be found out: such a server starts, and is not ready. */
export type StartReview = { readonly faults: readonly string[] } | { readonly unknown: string };

/** Looks at the region and the tables before a server starts on them. */
export async function reviewStart(
  tables: Readonly<Record<TableRole, string>>,
  settings: DynamoDBClientConfig = {},
): Promise<StartReview> {
  const client = new DynamoDBClient({ ...settings, maxAttempts: 1, requestHandler: {} });
  try {
    const region = await client.config.region().catch(() => undefined);
    if (region === undefined) {
      return { faults: ['AWS_REGION: is not set, and no profile names a region; AWS_REGION=eu-west-1, say'] };
    }
    const looks = Promise.all([
      faultsOf(client, 'state', tables.state, region),
      faultsOf(client, 'tokens', tables.tokens, region),
    ]);
    return { faults: (await inTime(looks)).flat() };
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_URL') {
      return { faults: ['AWS_ENDPOINT_URL_DYNAMODB: is no URL (or AWS_ENDPOINT_URL, where that names it)'] };
    }
    return { unknown: error instanceof Error ? error.name : 'unknown' };
  } finally {
    client.destroy();
  }
}

async function faultsOf(
  client: DynamoDBClient,
  role: TableRole,
  name: string,
  region: string,
): Promise<readonly string[]> {
  const variable = VARIABLES[role];
  try {
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: name }));
    return shapeFaults(role, table).map(
      (fault) =>
        `${variable}: the table ${name} in ${region} is another one (${fault}); name one that is not there yet, and make it: ${COMMAND}`,
    );
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    return [`${variable}: there is no table ${name} in ${region}; make it: ${COMMAND}`];
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('no answer'), { name: 'TimeoutError' })),
      WITHIN_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
