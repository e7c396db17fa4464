/** `npm run monitoring`: writes Prometheus's rules and Grafana's dashboard from `deploy/watch`. A test holds the files against it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { madeFiles } from '../deploy/watch/files.ts';

const root = join(import.meta.dirname, '..');
for (const [path, text] of Object.entries(madeFiles())) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`${path} is up to date`);
}
