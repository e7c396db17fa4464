/** The clients' file, read again when it changes or on SIGHUP. A faulty one is refused, and the old one stays. */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { LoadedConfig } from '../../config/config.ts';
import type { Config } from '../../config/types.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import type { Events } from '../telemetry/events.ts';

/** Editors write a file in several steps; they are taken for one. */
const SETTLE_MS = 200;

export interface ReloadDeps {
  readonly clientsFile: string;
  /** Reads configuration and file anew. */
  readonly load: () => LoadedConfig;
  readonly registry: Pick<ClientRegistry, 'replace'>;
  /** The resources in force, and who is told of others. */
  readonly resources: Config['resources'];
  readonly onResources: (resources: Config['resources']) => void;
  readonly events: Pick<Events, 'clientsReloaded' | 'clientsRefused'>;
}

/** Starts watching; returns what ends it. */
export function watchClients(deps: ReloadDeps): () => void {
  let settling: NodeJS.Timeout | undefined;
  let { resources } = deps;

  function reload(): void {
    const loaded = deps.load();
    if (!loaded.ok) return deps.events.clientsRefused(loaded.faults);
    deps.registry.replace(loaded.config.clients, loaded.clientSecrets);
    if (!isDeepStrictEqual(loaded.config.resources, resources)) {
      resources = loaded.config.resources;
      deps.onResources(resources);
    }
    deps.events.clientsReloaded(loaded.config.clients.map(({ metadata }) => metadata.client_id));
  }

  // The folder, not the file: editors and config maps replace it by another file of the same name.
  const watcher: FSWatcher = watch(dirname(deps.clientsFile), { persistent: false }, (_event, name) => {
    if (name !== null && name !== basename(deps.clientsFile) && !name.startsWith('..')) return;
    clearTimeout(settling);
    settling = setTimeout(reload, SETTLE_MS);
    settling.unref();
  });
  process.on('SIGHUP', reload);
  return () => {
    clearTimeout(settling);
    watcher.close();
    process.removeListener('SIGHUP', reload);
  };
}
