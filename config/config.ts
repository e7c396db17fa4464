import { readShape } from './clients/shape.ts';
import type { Environment } from './env.ts';
import { type LoadedConfig, loadConfigWith } from './load.ts';

/** Reads the environment and the clients' file as they are; relative paths of variables start at `cwd`. */
export function loadConfig(env: Environment, options: { readonly cwd?: string } = {}): LoadedConfig {
  return loadConfigWith(readShape, env, options);
}
