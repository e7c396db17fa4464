/** All programs that docs/clients.md has a row for. */
import { BROWSER_PROGRAMS } from './browser.ts';
import { LANGUAGE_PROGRAMS } from './languages.ts';
import { MCP_PROGRAMS } from './mcp.ts';
import { NODE_PROGRAMS } from './node.ts';
import type { Program } from './program.ts';
import { PYTHON_PROGRAMS } from './python.ts';
import { SERVER_PROGRAMS } from './servers.ts';

export const PROGRAM_GROUPS: Readonly<Record<string, readonly Program[]>> = {
  'MCP clients': MCP_PROGRAMS,
  'JavaScript in browsers': BROWSER_PROGRAMS,
  'JavaScript on servers and devices': NODE_PROGRAMS,
  Python: PYTHON_PROGRAMS,
  'Go, Rust, Java and others': LANGUAGE_PROGRAMS,
  'Web servers, proxies, Ruby': SERVER_PROGRAMS,
};

export const PROGRAMS: readonly Program[] = Object.values(PROGRAM_GROUPS).flat();

/** The program of that name, or undefined. */
export function programNamed(name: string): Program | undefined {
  return PROGRAMS.find((program) => program.name === name);
}
