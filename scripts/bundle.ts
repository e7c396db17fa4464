/** How functions are bundled for Lambda: by the product's build, and by the benchmark that compares it. */
import { type BuildResult, build } from 'esbuild';

/** Bundles entries (path without ending -> source) into a folder, maps apart. What is imported when it is needed is a file of its own. */
export function bundle(options: {
  readonly entries: Readonly<Record<string, string>>;
  readonly outdir: string;
}): Promise<BuildResult<{ metafile: true }>> {
  return build({
    entryPoints: options.entries,
    outdir: options.outdir,
    outExtension: { '.js': '.mjs' },
    // As deep as the handlers: the pages find their assets from where they stand.
    chunkNames: 'src/parts/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Modules before CommonJS: of the AWS SDK only what is used is left then.
    mainFields: ['module', 'main'],
    minify: true,
    // node-oidc-provider's adapters get their model's name from the class.
    keepNames: true,
    sourcemap: 'external',
    // Beside the code: a name in a licence that is not ASCII makes V8 keep the whole file in two bytes a letter.
    legalComments: 'external',
    metafile: true,
    // Bundled CommonJS asks for these by their old names.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}
