/** How each program of `programs` is run, by its name in `src/cli/programs`. */
import type { Run } from './program.ts';

const LIBRARY = ['discovery', 'sign-in', 'userinfo', 'refresh', 'revocation', 'sign-out'];
const LIBRARY_WITHOUT_REVOCATION = LIBRARY.filter((step) => step !== 'revocation');
const MCP_CLIENT = ['sign-in', 'tool', 'refresh'];

export const RUNS: Readonly<Record<string, Run>> = {
  authlib: { folder: 'python', command: ['venv/bin/python', 'authlib_client.py'], steps: LIBRARY },
  'requests-oauthlib': {
    folder: 'python',
    command: ['venv/bin/python', 'requests_oauthlib_client.py'],
    steps: LIBRARY,
  },
  'go-oidc': { folder: 'go', command: ['./client'], steps: LIBRARY_WITHOUT_REVOCATION },
  openidconnect: {
    folder: 'rust',
    command: ['target/debug/ib-oauth-interop'],
    steps: LIBRARY_WITHOUT_REVOCATION,
  },
  fastmcp: {
    folder: 'python',
    command: ['venv/bin/python', 'fastmcp_client.py'],
    steps: MCP_CLIENT,
    // Python's `webbrowser` opens addresses with this command; its output is the program's.
    env: { BROWSER: 'echo visit %s' },
    mcp: true,
  },
  'mcp-remote': {
    folder: 'node',
    command: [process.execPath, 'mcp-remote.js'],
    steps: MCP_CLIENT,
    mcp: true,
  },
  'mcp-inspector': {
    folder: 'node',
    command: [process.execPath, 'inspector.js'],
    steps: MCP_CLIENT,
    mcp: true,
  },
};
