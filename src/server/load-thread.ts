/** The thread of `load-apart.ts`. */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { loadConfig } from '../../config/config.ts';
import { readEnvironment } from '../../config/env.ts';
import type { Told } from './load-apart.ts';

/** So many apps are copied at once. */
const PIECE = 100;

const tell = (told: Told): void => parentPort?.postMessage(told);

/** Tells a list in pieces; the reader gets a turn for something else between two. */
async function tellInPieces<T>(list: readonly T[], asTold: (piece: readonly T[]) => Told): Promise<void> {
  for (let at = 0; at < list.length; at += PIECE) {
    tell(asTold(list.slice(at, at + PIECE)));
    await setImmediate();
  }
}

const loaded = loadConfig(readEnvironment());
if (!loaded.ok) tell({ loaded });
else {
  await tellInPieces(loaded.config.clients, (clients) => ({ clients }));
  await tellInPieces([...loaded.clientSecrets], (secrets) => ({ secrets }));
  tell({ loaded: { ...loaded, clientSecrets: new Map(), config: { ...loaded.config, clients: [] } } });
}
