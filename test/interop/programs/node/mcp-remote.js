/** mcp-remote behind an MCP client that speaks stdio alone: signs in, calls a tool, and again when the token has run out. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const { MCP_URL, METADATA_URL, CLIENT_ID, TOKEN_SECONDS, PATH } = process.env;
const how = METADATA_URL
  ? ['--client-metadata-url', METADATA_URL]
  : CLIENT_ID
    ? ['--static-oauth-client-info', JSON.stringify({ client_id: CLIENT_ID })]
    : [];

const transport = new StdioClientTransport({
  command: process.execPath,
  args: ['node_modules/mcp-remote/dist/proxy.js', MCP_URL, ...how],
  env: { PATH, HOME: mkdtempSync(join(tmpdir(), 'mcp-remote-')) },
  stderr: 'pipe',
});
let said = '';
let isVisited = false;
transport.stderr.on('data', (chunk) => {
  process.stderr.write(chunk);
  said += chunk;
  const [url] = /https?:\/\/\S+\/authorize\?\S+/.exec(said) ?? [];
  if (url !== undefined && !isVisited) console.log(`visit ${url}`);
  isVisited ||= url !== undefined;
});

const client = new Client({ name: 'interop', version: '1.0.0' });
await client.connect(transport);
console.log('did sign-in');

async function listFolders(step) {
  const answer = JSON.stringify(await client.callTool({ name: 'list_folders' }));
  if (!answer.includes('Campaigns')) throw new Error(answer);
  console.log(`did ${step}`);
}
await listFolders('tool');
await setTimeout(Number(TOKEN_SECONDS) * 1000 + 1000);
await listFolders('refresh');
await client.close();
process.exit(0);
