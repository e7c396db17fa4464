/** Bundles the functions for Lambda: `dist/function`, two handlers with assets and the clients' file beside it, and `dist/rotation`. Maps apart. */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist/function');
const rotation = join(root, 'dist/rotation');
for (const folder of [out, rotation]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

const result = await bundle({
  entry: join(root, 'src/lambda/handler.ts'),
  outfile: join(out, 'src/lambda.mjs'),
});
await bundle({ entry: join(root, 'src/lambda/stream.ts'), outfile: join(out, 'src/lambda-stream.mjs') });
await bundle({ entry: join(root, 'src/lambda/rotation.ts'), outfile: join(rotation, 'rotation-lambda.mjs') });
cpSync(join(root, 'interactions/assets'), join(out, 'interactions/assets'), { recursive: true });
cpSync(join(root, 'config/clients.yaml'), join(out, 'config/clients.yaml'));
const [bytes = 0] = Object.entries(result.metafile.outputs).flatMap(([file, { bytes: size }]) =>
  file.endsWith('.mjs') ? [size] : [],
);
console.log(`dist/function: ${(bytes / 1e6).toFixed(2)} MB`);
