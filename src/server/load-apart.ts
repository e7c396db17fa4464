/** The configuration, read anew in a thread of its own: thousands of apps take a second, and requests go on meanwhile. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LoadedConfig } from '../../config/load.ts';
import type { ClientRegistration } from '../../config/types.ts';

/** What the thread tells: pieces of the lists of apps and of their secrets, each copied within milliseconds, then all else. */
export type Told =
  | { readonly clients: readonly ClientRegistration[] }
  | { readonly secrets: readonly (readonly [clientId: string, secrets: readonly string[]])[] }
  | { readonly loaded: LoadedConfig };

/** Reads environment and clients' file. Rejects where the thread dies of it. */
export async function loadApart(): Promise<LoadedConfig> {
  const worker = new Worker(new URL('./load-thread.ts', import.meta.url));
  const clients: ClientRegistration[] = [];
  const clientSecrets = new Map<string, readonly string[]>();
  const told = new Promise<LoadedConfig>((resolve) => {
    worker.on('message', (message: Told) => {
      if ('clients' in message) clients.push(...message.clients);
      else if ('secrets' in message)
        for (const [id, secrets] of message.secrets) clientSecrets.set(id, secrets);
      else resolve(message.loaded);
    });
  });
  const ended = once(worker, 'exit').then(() => {
    throw new Error('the thread that reads the configuration has ended');
  });
  const loaded = await Promise.race([told, ended]);
  ended.catch(() => undefined);
  return loaded.ok ? { ...loaded, clientSecrets, config: { ...loaded.config, clients } } : loaded;
}
