/** Small help with node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/** Answers with text of a type. */
export function sendText(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` });
  response.end(body);
}

/** Begins an answer and cuts the connection. */
export function sendHalf(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"content":', () => response.destroy());
}

/** Waits, but no longer than the connection lives; false where it has ended. */
export async function delay(response: ServerResponse, ms: number): Promise<boolean> {
  if (ms === 0) return true;
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  response.once('close', abort);
  try {
    await setTimeout(ms, undefined, { signal: gone.signal });
  } catch {
    return false;
  } finally {
    response.off('close', abort);
  }
  return true;
}

/** The whole body as text; for small bodies only. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The object in a JSON text; undefined where there is none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Text as it may stand in markup. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A web page; `body` is markup. */
export function htmlPage(title: string, body: string): string {
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<title>${escapeText(title)}</title><style>${STYLE}</style></head>` +
    `<body><main><h1>${escapeText(title)}</h1>${body}</main></body></html>`
  );
}

const STYLE = `
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}
main{max-width:34rem;margin:3rem auto;padding:0 1rem}
button,input,select{font:inherit;padding:.5rem .75rem;max-width:100%;box-sizing:border-box}
button{cursor:pointer}
.users button{width:100%;text-align:left;margin:.25rem 0}
table{border-collapse:collapse;width:100%}
td{padding:.5rem .5rem .5rem 0;vertical-align:top;border-top:1px solid color-mix(in srgb,CanvasText 20%,Canvas)}
input,select{width:7rem}
small{display:block}
form{margin:1rem 0}`;
