/** The SDK's own variables, as Lambda sets them: in the process. */
import type { DynamoDbTestEngine } from './engines.ts';

/** Points the process's SDK at an engine; the result puts back what was there. */
export function setAwsVariables(engine: DynamoDbTestEngine): () => void {
  const variables = {
    AWS_ENDPOINT_URL_DYNAMODB: String(engine.client.endpoint),
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
