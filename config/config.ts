/**
 * Everything that an operator may set, read and checked before anything starts: this room owns the environment, the clients'
 * file and their faults. It imports nothing of ours, and must not know what is done with a setting.
 */
import { readShape } from './clients/shape.ts';
import type { Environment } from './env.ts';
import { type LoadedConfig, loadConfigWith } from './load.ts';

/** Reads the environment and the clients' file as they are; relative paths of variables start at `cwd`. */
export function loadConfig(env: Environment, options: { readonly cwd?: string } = {}): LoadedConfig {
  return loadConfigWith(readShape, env, options);
}
