/** MCP Inspector's command line: signs in and calls a tool, and calls it again when the token that it kept has run out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const { MCP_URL, METADATA_URL, CLIENT_ID, TOKEN_SECONDS, PATH } = process.env;
const HOME = mkdtempSync(join(tmpdir(), 'inspector-'));
const how = METADATA_URL
  ? ['--client-metadata-url', METADATA_URL]
  : CLIENT_ID
    ? ['--client-id', CLIENT_ID]
    : [];

async function callTool() {
  const child = spawn(
    process.execPath,
    [
      'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
      ...['--cli', '--server-url', MCP_URL, '--transport', 'http', ...how],
      ...['--method', 'tools/call', '--tool-name', 'list_folders'],
    ],
    { env: { PATH, HOME, MCP_AUTO_OPEN_ENABLED: 'true' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  let isVisited = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      process.stderr.write(chunk);
      said += chunk;
      const [url] = /https?:\/\/\S+\/authorize\?\S+/.exec(said) ?? [];
      if (url !== undefined && !isVisited) console.log(`visit ${url}`);
      isVisited ||= url !== undefined;
    });
  }
  const [code] = await once(child, 'exit');
  if (code !== 0 || !said.includes('Campaigns')) throw new Error(`ended with ${code}`);
}

await callTool();
console.log('did sign-in');
console.log('did tool');
await setTimeout(Number(TOKEN_SECONDS) * 1000 + 1000);
await callTool();
console.log('did refresh');
