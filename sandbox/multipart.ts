/** Reads multipart/form-data as it arrives (RFC 7578): counts and hashes each part, keeps none. */
import { createHash, type Hash } from 'node:crypto';

/** One part of a form. */
export interface Part {
  /** Field name. */
  readonly name: string;
  readonly filename: string | undefined;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

/** The boundary of a Content-Type; undefined where that is not multipart/form-data. */
export function boundaryOf(contentType: string): string | undefined {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}

/** Takes chunks and knows the parts that have ended. */
export interface PartReader {
  push(chunk: Buffer): void;
  /** The parts, once the closing boundary was seen; undefined for a body that is not well formed. */
  parts(): readonly Part[] | undefined;
}

interface OpenPart {
  readonly name: string;
  readonly filename: string | undefined;
  readonly hash: Hash;
  size: number;
}

const HEADERS_END = '\r\n\r\n';
const MOST_HEADER_BYTES = 16 * 1024;

/** A reader for one body. */
export function createPartReader(boundary: string): PartReader {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const done: Part[] = [];
  // The first boundary has no line break before it.
  let rest: Buffer = Buffer.from('\r\n');
  let open: OpenPart | undefined;
  let state: 'content' | 'boundary' | 'headers' | 'end' | 'broken' = 'content';

  function take(bytes: Buffer): void {
    open?.hash.update(bytes);
    if (open !== undefined) open.size += bytes.length;
  }

  /** One step; false when more bytes are needed. */
  function step(): boolean {
    if (state === 'content') {
      const at = rest.indexOf(delimiter);
      // What may be the beginning of a boundary waits for the next chunk.
      const content = at === -1 ? Math.max(0, rest.length - delimiter.length + 1) : at;
      take(rest.subarray(0, content));
      rest = rest.subarray(at === -1 ? content : at + delimiter.length);
      if (at === -1) return false;
      if (open !== undefined) {
        const { name, filename, size, hash } = open;
        done.push({ name, filename, size, sha256: hash.digest('hex') });
      }
      open = undefined;
      state = 'boundary';
    } else if (state === 'boundary') {
      if (rest.length < 2) return false;
      const mark = rest.toString('latin1', 0, 2);
      rest = rest.subarray(2);
      state = mark === '--' ? 'end' : mark === '\r\n' ? 'headers' : 'broken';
    } else if (state === 'headers') {
      const at = rest.indexOf(HEADERS_END);
      if (at === -1) {
        if (rest.length > MOST_HEADER_BYTES) state = 'broken';
        return false;
      }
      const headers = rest.toString('utf8', 0, at);
      rest = rest.subarray(at + HEADERS_END.length);
      const [, name] = /;\s*name="([^"]*)"/i.exec(headers) ?? [];
      const [, filename] = /;\s*filename="([^"]*)"/i.exec(headers) ?? [];
      state = name === undefined ? 'broken' : 'content';
      open = { name: name ?? '', filename, hash: createHash('sha256'), size: 0 };
    } else {
      return false;
    }
    return true;
  }

  return {
    push(chunk) {
      if (state === 'end' || state === 'broken') return;
      rest = Buffer.concat([rest, chunk]);
      while (step());
    },
    parts: () => (state === 'end' ? done : undefined),
  };
}
