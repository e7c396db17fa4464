/** What all commands share: reading the configuration, printing, opening the store. */
import type { Secrets } from '../../adapters/secrets/secrets.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { loadConfig } from '../../config/config.ts';
import { type Environment, readEnvironment } from '../../config/env.ts';
import type { ClientSecrets, Config } from '../../config/types.ts';
import { loadServerSecrets, openStore } from '../compose.ts';

/** A command that cannot go on: its lines go to standard error, the exit code is 1. */
export class CommandError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'CommandError';
    this.lines = lines;
  }
}

export interface Output {
  line(text: string): void;
  /** JSON with `--json`, else the lines. */
  result(value: unknown, lines: readonly string[]): void;
}

/** Writes to standard output. */
export function createOutput(json: boolean): Output {
  const line = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    line,
    result(value, lines) {
      if (json) line(JSON.stringify(value, null, 2));
      else for (const text of lines) line(text);
    },
  };
}

/** The configuration, or a `CommandError` with all its faults. */
export function configuration(env: Environment = readEnvironment()): {
  config: Config;
  clientSecrets: ClientSecrets;
  secretsText?: string;
  warnings: readonly string[];
} {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new CommandError(loaded.faults);
  return loaded;
}

/** Runs work with the configured store, and closes it. `known` are keys to open it with in place of those that are kept. */
export async function withStore<T>(
  work: (store: Store, secrets: Secrets, config: Config) => Promise<T>,
  known?: Secrets,
): Promise<T> {
  const { config, secretsText } = configuration();
  const secrets = known ?? (await loadServerSecrets(config, secretsText));
  const ignore = (): void => undefined;
  const silent = { storeCalled: ignore, swept: ignore, unopened: ignore, failed: ignore, say: ignore };
  const store = await openStore({ config }, () => secrets, silent);
  try {
    return await work(store, secrets, config);
  } finally {
    await store.close();
  }
}
