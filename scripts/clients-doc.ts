import { writeFileSync } from 'node:fs';
import { clientsDocument } from '../src/cli/programs/document.ts';

// Run after a change of src/cli/programs; a test holds the written file against the table.
writeFileSync(new URL('../docs/clients.md', import.meta.url), clientsDocument());
console.log('docs/clients.md is up to date');
