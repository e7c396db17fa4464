/** Whole stacks on each kind of storage. */
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { startEngine, TABLES } from './engines.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

/** A stack whose store is SQLite in memory, or DynamoDB as the tests have it; by the engine's name. */
export const STORAGES: Readonly<Record<string, (options?: StackOptions) => Promise<Stack>>> = {
  SQLite: (options) => startStack(options),

  async DynamoDB(options = {}) {
    const engine = await startEngine();
    const stack = await startStack({
      ...options,
      store: { client: engine.client },
      env: {
        STORAGE: 'dynamodb',
        STATE_TABLE: TABLES.state,
        TOKEN_TABLE: TABLES.tokens,
        SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
        ...options.env,
      },
    });
    return {
      ...stack,
      async close() {
        await stack.close();
        await engine.close();
      },
    };
  },
};
