/** Serves the single-page app on an origin of its own. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const { ISSUER = 'http://localhost:3000', CLIENT_ID = 'demo-spa', PORT = '3003' } = process.env;
const here = import.meta.dirname;
const library = join(here, '../../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js');
const files: Record<string, readonly [string, Buffer | string]> = {
  '/': ['text/html', readFileSync(join(here, 'index.html'))],
  '/app.js': ['text/javascript', readFileSync(join(here, 'app.js'))],
  '/oidc-client-ts.js': ['text/javascript', readFileSync(library)],
  '/settings.json': ['application/json', JSON.stringify({ issuer: ISSUER, clientId: CLIENT_ID })],
};

createServer((request, response) => {
  const file = files[new URL(request.url ?? '/', 'http://localhost').pathname];
  if (file === undefined) return void response.writeHead(404).end();
  response.setHeader('content-type', `${file[0]}; charset=utf-8`).end(file[1]);
}).listen(Number(PORT), '127.0.0.1', () =>
  console.log(`single-page app listens on http://localhost:${PORT}/`),
);
