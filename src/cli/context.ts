/** What all commands share: reading the configuration, printing, opening the store. */
import type { Secrets } from '../../adapters/secrets/secrets.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { ENV, type Environment, readEnvironment } from '../../config/env.ts';
import { lifetimes } from '../../config/lifetimes.ts';
import { parseSettings } from '../../config/settings.ts';
import type { Config } from '../../config/types.ts';
import { loadServerSecrets, openStore } from '../open-store.ts';

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

/** Variables that the store and the server's keys are found by. */
const STORE_VARIABLES: ReadonlySet<string> = new Set([
  ENV.storage,
  ENV.dataDir,
  ENV.stateTable,
  ENV.tokenTable,
  ENV.stage,
  ENV.secretsFile,
  ENV.secretsArn,
  ENV.secretsJson,
]);

/** Where the store and the server's keys are: no fault elsewhere, and no secret of an app, keeps a command from them. */
export function storeSettings(env: Environment = readEnvironment()): StoreSettings {
  const { settings, faults } = parseSettings(env, process.cwd());
  const ours = faults.filter((fault) => STORE_VARIABLES.has(fault.slice(0, fault.indexOf(':'))));
  if (ours.length > 0) throw new CommandError(ours);
  const { storage, secrets } = settings;
  return {
    storage,
    secrets,
    lifetimes,
    secretsText: secrets.kind === 'environment' ? env[secrets.variable] : undefined,
  };
}

export interface StoreSettings extends Pick<Config, 'storage' | 'secrets' | 'lifetimes'> {
  readonly secretsText: string | undefined;
}

/** Runs work with the configured store, and closes it. `known` are keys to open it with in place of those that are kept. */
export async function withStore<T>(
  work: (store: Store, secrets: Secrets) => Promise<T>,
  known?: Secrets,
): Promise<T> {
  const config = storeSettings();
  const secrets = known ?? (await loadServerSecrets(config, config.secretsText));
  const ignore = (): void => undefined;
  const silent = {
    storeCalled: ignore,
    swept: ignore,
    unopened: ignore,
    failed: ignore,
    say: ignore,
    keysHeldAgainstStore: ignore,
  };
  const store = await openStore({ config }, () => secrets, silent);
  try {
    return await work(store, secrets);
  } finally {
    await store.close();
  }
}
