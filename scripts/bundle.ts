/** How functions are bundled for Lambda: by the product's build, and by the benchmark that compares it. */
import { type BuildResult, build } from 'esbuild';

/** Bundles one entry into one module, its source map apart. */
export function bundle(options: {
  readonly entry: string;
  readonly outfile: string;
}): Promise<BuildResult<{ metafile: true }>> {
  return build({
    entryPoints: [options.entry],
    outfile: options.outfile,
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
}
