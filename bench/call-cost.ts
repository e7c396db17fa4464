/** What one read of three items costs in CPU time: over a bare request, and through the AWS SDK. What is left for a store. */
import { Agent, request } from 'node:http';
import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { table } from './load.ts';
import { start } from './provider.ts';

const WARM_UP = 3_000;
const CALLS = 6_000;

const KEYS = Array.from({ length: 3 }, (_, at) => ({ pk: { S: `AccessToken#${'k'.repeat(42)}${at}` } }));
const READ = { RequestItems: { tokens: { Keys: KEYS, ConsistentRead: true } } };

/** Milliseconds of this process's CPU time a call. */
async function cpuOf(call: () => Promise<unknown>): Promise<number> {
  for (let turn = 0; turn < WARM_UP; turn += 1) await call();
  const before = process.cpuUsage();
  for (let turn = 0; turn < CALLS; turn += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / CALLS;
}

/** Posts the same body with as many headers as the SDK sends, and reads the answer as JSON. */
function bareCall(endpoint: string, agent: Agent): () => Promise<unknown> {
  const body = JSON.stringify(READ);
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amz-target': 'DynamoDB_20120810.BatchGetItem',
    authorization: 'x'.repeat(250),
  };
  return () =>
    new Promise((resolve, reject) => {
      const call = request(endpoint, { method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
      });
      call.once('error', reject).end(body);
    });
}

/** Prints the table of one call. */
export async function callCost(): Promise<void> {
  const { child, hello } = await start<{ endpoint: string }>('stub.ts', []);
  const agent = new Agent({ keepAlive: true });
  const client = new DynamoDBClient({
    endpoint: hello.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  try {
    const bare = await cpuOf(bareCall(hello.endpoint, agent));
    const sdk = await cpuOf(() => client.send(new BatchGetItemCommand(READ)));
    console.log(
      `\n## One read of three items, ${CALLS} of each\n\n${table([
        ['', 'CPU ms', '÷ bare'],
        ['a bare request of node:http, its answer parsed', bare, 1],
        ['the same through the AWS SDK', sdk, sdk / bare],
      ])}`,
    );
  } finally {
    agent.destroy();
    client.destroy();
    child.kill();
  }
}
