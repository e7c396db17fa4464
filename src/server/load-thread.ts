/** The thread of `load-apart.ts`. */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { loadConfig } from '../../config/config.ts';
import { readEnvironment } from '../../config/env.ts';
import type { Told } from './load-apart.ts';

/** So many apps are copied at once. */
const PIECE = 100;

const tell = (told: Told): void => parentPort?.postMessage(told);

const loaded = loadConfig(readEnvironment());
if (!loaded.ok) tell({ loaded });
else {
  const { clients } = loaded.config;
  for (let at = 0; at < clients.length; at += PIECE) {
    tell({ clients: clients.slice(at, at + PIECE) });
    // The reader gets a turn for something else between two pieces.
    await setImmediate();
  }
  tell({ loaded: { ...loaded, config: { ...loaded.config, clients: [] } } });
}
