import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from 'node:fs';

/** A text file's content, or the sentence that says why there is none. */
export type TextFile =
  | { readonly ok: true; readonly text: string; readonly openToOthers: boolean }
  | { readonly ok: false; readonly reason: string };

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this process',
  EPERM: 'may not be read by this process',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'does not exist',
  ELOOP: 'is a loop of links',
};

/**
 * Reads a file of at most `maxBytes` bytes of UTF-8. `openToOthers` is true where group or others may read or write it.
 */
export function readTextFile(path: string, maxBytes: number): TextFile {
  let descriptor: number | undefined;
  try {
    // Without waiting for whoever would write to a pipe.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    const fault = kindFault(stats);
    if (fault !== undefined) return { ok: false, reason: fault };
    if (stats.size > maxBytes) return { ok: false, reason: `is larger than ${maxBytes} bytes` };
    const bytes = readFileSync(descriptor);
    if (bytes.length > maxBytes) return { ok: false, reason: `is larger than ${maxBytes} bytes` };
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { ok: true, text, openToOthers: (stats.mode & 0o066) !== 0 };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Why a file of at most `maxBytes` bytes cannot be read, or undefined where it can. */
export function binaryFileFault(path: string, maxBytes: number): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    const stats = statSync(path);
    const fault = kindFault(stats);
    if (fault !== undefined) return fault;
    return stats.size > maxBytes ? `is larger than ${maxBytes} bytes` : undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** A pipe never comes to its end where nobody writes, nor a device; neither could be read again. */
function kindFault(stats: Stats): string | undefined {
  if (stats.isDirectory()) return 'is a folder, not a file';
  return stats.isFile() ? undefined : 'is a pipe or device, not a file';
}

function reasonOf(error: unknown): string {
  if (error instanceof TypeError) return 'is not UTF-8 text';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return REASONS[code] ?? `cannot be read (${code})`;
}
