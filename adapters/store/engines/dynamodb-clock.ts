/** How far this machine's clock is from DynamoDB's, which every answer tells in `Date` (RFC 9110 6.6.1). */
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Milliseconds that this machine is ahead, about: `Date` has whole seconds. Undefined where it is not told; rejects where DynamoDB does not answer. */
export async function clockAheadMs(table: string): Promise<number | undefined> {
  const client = new DynamoDBClient({});
  let date: string | undefined;
  client.middlewareStack.add(
    (next) => async (call) => {
      const answer = await next(call);
      date = (answer.response as { headers?: Readonly<Record<string, string>> }).headers?.['date'];
      return answer;
    },
    { step: 'deserialize', priority: 'low' },
  );
  try {
    const before = Date.now();
    await client.send(new DescribeTableCommand({ TableName: table }));
    const told = Date.parse(date ?? '');
    // Its second has begun at most a second before.
    return Number.isNaN(told) ? undefined : (before + Date.now()) / 2 - (told + 500);
  } finally {
    client.destroy();
  }
}
