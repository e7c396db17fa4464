/** A file that is read again when it changes, or on SIGHUP. */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Editors write a file in several steps; they are taken for one. */
const SETTLE_MS = 200;

/** Calls back when a file may have changed; `onFault` where the system cannot tell of changes. Returns what ends it. */
export function watchFile(path: string, onChange: () => void, onFault: (error: unknown) => void): () => void {
  let settling: NodeJS.Timeout | undefined;

  function changed(_event: string, name: string | null): void {
    if (name !== null && name !== basename(path) && !name.startsWith('..')) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
    settling.unref();
  }

  const watcher = watchFolder(dirname(path), changed, onFault);
  process.on('SIGHUP', onChange);
  return () => {
    clearTimeout(settling);
    watcher?.close();
    process.removeListener('SIGHUP', onChange);
  };
}

/** The folder, not the file: editors, commands and config maps replace it by another file of the same name. */
function watchFolder(
  folder: string,
  onChange: (event: string, name: string | null) => void,
  onFault: (error: unknown) => void,
): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, onChange).on('error', onFault);
  } catch (error) {
    // Such as a system that has no more watches to give: SIGHUP works there.
    onFault(error);
    return undefined;
  }
}
