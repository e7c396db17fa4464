/** The engine that a configuration names. Each is loaded only where it is used: a function on Lambda pays for one. */
import type { StorageConfig } from '../../config/types.ts';
import type { Engine } from './engine.ts';
import type { DynamoDbOptions } from './engines/dynamodb.ts';

/** Settings that only some engines have; `client` is for tests. */
export type EngineOptions = Omit<DynamoDbOptions, 'tables'>;

/** Why new secrets must not be made beside a store; undefined where they may. Rejects as `openEngine` does. */
export async function faultOfNewSecrets(storage: StorageConfig): Promise<string | undefined> {
  if (storage.kind !== 'embedded') return undefined;
  const file = await import('./engines/sqlite-file.ts');
  return file.faultOfNewSecrets(storage.dataDir);
}

/** Opens the engine. Rejects with `StoreError`, its `fault` a line for the operator, where it cannot. */
export async function openEngine(storage: StorageConfig, options: EngineOptions): Promise<Engine> {
  if (storage.kind === 'embedded') {
    const { openSqliteEngine } = await import('./engines/sqlite.ts');
    return openSqliteEngine({ dataDir: storage.dataDir, ...options });
  }
  const { createDynamoDbEngine } = await import('./engines/dynamodb.ts');
  return createDynamoDbEngine({
    tables: { state: storage.stateTable, tokens: storage.tokenTable },
    ...options,
  });
}
