/** All programs that docs/clients.md has a row for. */
import { LANGUAGE_PROGRAMS } from './languages.ts';
import { MCP_PROGRAMS } from './mcp.ts';
import type { Program } from './program.ts';
import { PYTHON_PROGRAMS } from './python.ts';

export const PROGRAM_GROUPS: Readonly<Record<string, readonly Program[]>> = {
  'MCP clients': MCP_PROGRAMS,
  Python: PYTHON_PROGRAMS,
  'Other languages': LANGUAGE_PROGRAMS,
};

export const PROGRAMS: readonly Program[] = Object.values(PROGRAM_GROUPS).flat();

/** The program of that name, or undefined. */
export function programNamed(name: string): Program | undefined {
  return PROGRAMS.find((program) => program.name === name);
}
