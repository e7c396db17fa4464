import { extname } from 'node:path';
import { binaryFileFault } from '../files.ts';

/** Pictures that browsers show; an SVG is shown as a picture, so scripts in it do not run. */
export const LOGO_TYPES: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

/** Small enough for a slow phone. */
export const MOST_LOGO_BYTES = 64 * 1024;

/** Why a file (absolute path) is no logo, or undefined. */
export function logoFault(path: string): string | undefined {
  if (LOGO_TYPES[extname(path).toLowerCase()] === undefined) {
    return `must be one of ${Object.keys(LOGO_TYPES).join(', ')}`;
  }
  return binaryFileFault(path, MOST_LOGO_BYTES);
}
