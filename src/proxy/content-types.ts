/** Which bodies are texts, in which addresses are replaced, and which are known to be none. Pure. */

/**
 * Formats that consist of bytes. Any other is taken for a text: playlists, drawings and archives without compression are,
 * whatever their type begins with.
 */
const BINARY: ReadonlySet<string> = new Set([
  ...[
    'octet-stream',
    'pdf',
    'zip',
    'gzip',
    'x-gzip',
    'x-7z-compressed',
    'vnd.rar',
    'msword',
    'vnd.ms-excel',
  ].map((name) => `application/${name}`),
  ...['wordprocessingml.document', 'spreadsheetml.sheet', 'presentationml.presentation'].map(
    (name) => `application/vnd.openxmlformats-officedocument.${name}`,
  ),
  'application/vnd.ms-powerpoint',
  ...['jpeg', 'jpg', 'png', 'gif', 'webp', 'avif', 'bmp', 'tiff', 'heic', 'heif', 'vnd.adobe.photoshop'].map(
    (name) => `image/${name}`,
  ),
  ...['mpeg', 'mp4', 'aac', 'ogg', 'wav', 'webm', 'flac'].map((name) => `audio/${name}`),
  ...['mp4', 'mpeg', 'webm', 'ogg', 'quicktime', 'x-msvideo', 'x-matroska'].map((name) => `video/${name}`),
  ...['woff', 'woff2', 'ttf', 'otf'].map((name) => `font/${name}`),
]);

/** Bytes of a format that nobody names may be a text after all. */
const NAMELESS = 'application/octet-stream';

/** One media type with its parameters (RFC 9110 section 8.3.1), in lower case and without them; undefined for anything else. */
function mediaType(contentType: string): string | undefined {
  const [, type] = /^\s*([\w.+-]+\/[\w.+-]+)\s*(?:;[^,]*)?$/.exec(contentType) ?? [];
  return type?.toLowerCase();
}

/** Whether a body has to be taken for a text. A coded one is read where its format is not known to be bytes. */
export function isText(contentType: string, isCoded = false): boolean {
  const type = mediaType(contentType);
  return type === undefined || !BINARY.has(type) || (isCoded && type === NAMELESS);
}

/** Whether a body comes in events, as the server has them. */
export function isEvents(contentType: string): boolean {
  return mediaType(contentType) === 'text/event-stream';
}
