/** dynalite in a process of its own, so that its CPU time is not counted as the provider's. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startEmbedded } from '../adapters/store/engines/embedded.ts';

const engine = await startEmbedded({
  dataDir: ':memory:',
  tables: { state: 'ib-oauth-state-bench', tokens: 'ib-oauth-tokens-bench' },
});
const client = new DynamoDBClient(engine.client);
const string = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
const index = (name: string) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: `${name}Id`, KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
});
await client.send(
  new CreateTableCommand({
    TableName: 'ib-oauth-naive-bench',
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [string('pk'), string('grantId'), string('uidId')],
    GlobalSecondaryIndexes: [index('grant'), index('uid')],
  }),
);
client.destroy();
process.send?.({ endpoint: engine.endpoint });
process.on('disconnect', () => void engine.close());
