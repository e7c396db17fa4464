/** The whole configuration, clients' file and secrets of apps included: for commands that are about apps. */
import { loadConfig } from '../../config/config.ts';
import { type Environment, readEnvironment } from '../../config/env.ts';
import type { ClientSecrets, Config } from '../../config/types.ts';
import { CommandError } from './context.ts';

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
