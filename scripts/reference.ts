/** `npm run reference`: writes `docs/reference.md`, every error code and every event of the log, from the code. A test holds the file against it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reference } from './reference-text.ts';

writeFileSync(join(import.meta.dirname, '../docs/reference.md'), reference());
