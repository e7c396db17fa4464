import { writeFileSync } from 'node:fs';
import { clientsJsonSchemaText } from '../config/clients/json-schema.ts';

// Run after a change of config/clients/schema.ts; a test holds the written file against the schema.
const target = new URL('../config/clients.schema.json', import.meta.url);
writeFileSync(target, clientsJsonSchemaText());
console.log('config/clients.schema.json is up to date');
