/** The clients' file and the server's keys, read again when they change or on SIGHUP. Faulty ones are refused, and the old ones stay. */
import { type Stats, watchFile as statEvery, unwatchFile as stopStat } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { mayChange } from '../../adapters/secrets/secrets.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Config, SecretsSource } from '../../config/types.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import type { Events } from '../telemetry/events.ts';
import { watchFile } from './watch.ts';

export interface ReloadDeps {
  readonly clientsFile: string;
  /** Reads configuration and file anew; apart, so that nobody waits for a large file. */
  readonly load: () => LoadedConfig | Promise<LoadedConfig>;
  readonly registry: Pick<ClientRegistry, 'replace'>;
  /** The resources in force, and who is told of others. */
  readonly resources: Config['resources'];
  readonly onResources: (resources: Config['resources']) => void;
  readonly events: Pick<Events, 'clientsReloaded' | 'clientsRefused' | 'failed'>;
}

/** Starts watching; returns what ends it. */
export function watchClients(deps: ReloadDeps): () => void {
  let { resources } = deps;
  let reading: Promise<void> = Promise.resolve();
  let isStopped = false;

  async function read(): Promise<void> {
    const loaded = await deps.load();
    if (isStopped) return;
    if (!loaded.ok) return deps.events.clientsRefused(loaded.faults);
    deps.registry.replace(loaded.config.clients, loaded.clientSecrets);
    if (!isDeepStrictEqual(loaded.config.resources, resources)) {
      resources = loaded.config.resources;
      deps.onResources(resources);
    }
    deps.events.clientsReloaded(loaded.config.clients.map(({ metadata }) => metadata.client_id));
  }

  // One after the other: what was read first must not have the last word.
  function reload(): void {
    reading = reading.then(read).catch(deps.events.failed);
  }
  const stopWatching = watchFile(deps.clientsFile, reload, deps.events.failed);
  return () => {
    isStopped = true;
    stopWatching();
  };
}

export interface SecretsReloadDeps {
  readonly source: SecretsSource;
  /** How often they are read anew, besides when their file changes: Secrets Manager tells of nothing. */
  readonly everyMs: number;
  /** Reads them anew; true where they have changed. */
  readonly refresh: () => Promise<boolean>;
  readonly onChanged: () => void;
  readonly onFault: (error: unknown) => void;
}

/** Keeps the keys up to date; returns what ends it. */
export function watchSecrets({
  source,
  everyMs,
  refresh,
  onChanged,
  onFault,
}: SecretsReloadDeps): () => void {
  if (!mayChange(source)) return () => undefined;
  // One after the other: of two that overlap the one that read first must not have the last word.
  let reading: Promise<void> = Promise.resolve();
  function reload(): void {
    reading = reading
      .then(async () => {
        if (await refresh()) onChanged();
      })
      .catch(onFault);
  }
  const interval = setInterval(reload, everyMs).unref();
  process.on('SIGHUP', reload);
  const stopLooking = 'path' in source ? lookAt(source.path, reload) : () => undefined;
  return () => {
    clearInterval(interval);
    process.removeListener('SIGHUP', reload);
    stopLooking();
  };
}

/** How often the file is looked at. It may lie beside the embedded store: the folder's own events would be one for each write there. */
const LOOK_MS = 1000;

/** Calls back when the file behind a path is another one, or was written. A missing one is about to be replaced. */
function lookAt(path: string, onChange: () => void): () => void {
  const changed = ({ nlink }: Stats): void => {
    if (nlink > 0) onChange();
  };
  statEvery(path, { interval: LOOK_MS, persistent: false }, changed);
  // What it is compared with is how it looks now, which may be after a change since it was read.
  onChange();
  return () => stopStat(path, changed);
}
