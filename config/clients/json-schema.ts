import * as z from 'zod';
import { clientsFileSchema } from './schema.ts';

/** JSON Schema (2020-12) of the clients' file, for editors: the shapes only, rules between fields are the server's. */
export function clientsJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(clientsFileSchema(), { io: 'input' });
  return { $schema, title: 'ib-oauth: apps and resources', ...schema };
}

/** The text of `config/clients.schema.json`. */
export function clientsJsonSchemaText(): string {
  return `${JSON.stringify(clientsJsonSchema(), null, 2)}\n`;
}
