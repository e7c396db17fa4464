/** Bundles the function for Lambda into `dist/function`: one module, its map apart, assets and the clients' file beside it. */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist/function');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const result = await build({
  entryPoints: [join(root, 'src/lambda.ts')],
  outfile: join(out, 'src/lambda.mjs'),
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: true,
  // node-oidc-provider's adapters get their model's name from the class.
  keepNames: true,
  sourcemap: 'external',
  metafile: true,
  // The embedded engine is for machines with a disk; on Lambda it is never opened.
  external: ['dynalite'],
  // Bundled CommonJS asks for these by their old names.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
cpSync(join(root, 'interactions/assets'), join(out, 'interactions/assets'), { recursive: true });
cpSync(join(root, 'config/clients.yaml'), join(out, 'config/clients.yaml'));
const [bytes = 0] = Object.entries(result.metafile.outputs).flatMap(([file, { bytes: size }]) =>
  file.endsWith('.mjs') ? [size] : [],
);
console.log(`dist/function: ${(bytes / 1e6).toFixed(2)} MB`);
