/** Serves one page app at every address: the bundle that the first argument names, with its settings. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { ISSUER, CLIENT_ID, ORIGIN, PORT } = process.env;
const settings = JSON.stringify({ issuer: ISSUER, clientId: CLIENT_ID, origin: ORIGIN });
const page = `<!doctype html><title>app</title><main id="root"></main>
<script>window.SETTINGS = ${settings};</script><script type="module" src="/app.js"></script>`;
const script = readFileSync(`dist/${process.argv[2]}.js`);

createServer((request, response) => {
  const isScript = request.url === '/app.js';
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
  response.end(isScript ? script : page);
}).listen(Number(PORT), '127.0.0.1');
