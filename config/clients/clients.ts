import { type ClientsFileContext, type ParsedClients, registrationsOf } from './registrations.ts';
import { readShape } from './shape.ts';

/** Parses the text of a clients' file (contract: "The clients' file"): shapes by zod, then the rules between fields. */
export function parseClients(text: string, context: ClientsFileContext): ParsedClients {
  const shape = readShape(context.name, text);
  if ('unreadable' in shape) return { ok: false, faults: shape.unreadable, warnings: [] };
  return registrationsOf(shape, context);
}
