/**
 * Bundles the functions for Lambda: `dist/function`, two handlers with assets beside them and the clients' file, read here
 * so that no start has to; and `dist/rotation`. Maps apart.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtFileOf, builtText } from '../config/clients/built.ts';
import { readShape } from '../config/clients/shape.ts';
import { formatFault } from '../config/faults.ts';
import { bundle } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist/function');
const rotation = join(root, 'dist/rotation');

/** The clients' file and the pictures that it names. What the function's own environment decides is left to its start. */
function takeClients(): void {
  const source = join(root, 'config/clients.yaml');
  const target = join(out, 'config/clients.yaml');
  const text = readFileSync(source, 'utf8');
  const shape = readShape('config/clients.yaml', text);
  if ('unreadable' in shape) return refuse(shape.unreadable);
  if (shape.sound === undefined)
    return refuse(shape.faults.map((fault) => formatFault('config/clients.yaml', fault)));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  writeFileSync(builtFileOf(target), builtText(text, shape.sound));
  for (const { ib } of shape.sound.clients) {
    if (ib.logo !== undefined) cpSync(join(dirname(source), ib.logo), join(dirname(target), ib.logo));
  }
}

function refuse(faults: readonly string[]): never {
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exit(1);
}

for (const folder of [out, rotation]) rmSync(folder, { recursive: true, force: true });
takeClients();
const { metafile } = await bundle({
  entries: {
    'src/lambda/handler': join(root, 'src/lambda/handler.ts'),
    'src/lambda/stream': join(root, 'src/lambda/stream.ts'),
  },
  outdir: out,
});
await bundle({ entries: { 'rotation-lambda': join(root, 'src/lambda/rotation.ts') }, outdir: rotation });
cpSync(join(root, 'interactions/assets'), join(out, 'interactions/assets'), { recursive: true });
const bytes = Object.entries(metafile.outputs).map(([file, { bytes: size }]) =>
  file.endsWith('.mjs') ? size : 0,
);
console.log(`dist/function: ${(bytes.reduce((sum, size) => sum + size, 0) / 1e6).toFixed(2)} MB`);
