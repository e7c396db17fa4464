import { CORE_SCHEMA, load } from 'js-yaml';
import { LineCounter, parseDocument } from 'yaml';

/** A document's plain value, or one line for each mistake, `file:line:col: sentence`. */
export type YamlDocument =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly faults: string[] };

/** Aliases may repeat a list of redirect URIs, and not blow a small file up into gigabytes. */
const MAX_ALIASES = 100;

/** A file of hundreds of apps: `yaml` takes a second for 5,000 of them, most of a start, js-yaml a sixth of that. */
const LARGE = 128 * 1024;
/** What may be an alias, by which a small file becomes a large value; aliases are counted below. */
const MAYBE_ALIAS = /(?:^|[\s,[{:-])[&*]/m;

/** Parses one YAML 1.2 document (JSON is YAML); duplicate keys and further documents are mistakes. */
export function parseYaml(file: string, text: string): YamlDocument {
  return (text.length > LARGE ? parsedFast(text) : undefined) ?? parsedWithPlaces(file, text);
}

/** A large and plain document that has no mistake; undefined for any other, whose mistakes are told with their places. */
function parsedFast(text: string): YamlDocument | undefined {
  if (MAYBE_ALIAS.test(text)) return undefined;
  try {
    return { ok: true, value: load(text, { schema: CORE_SCHEMA }) };
  } catch {
    return undefined;
  }
}

function parsedWithPlaces(file: string, text: string): YamlDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: true,
    // `silent` would keep quiet of further documents, too.
    logLevel: 'error',
  });
  if (document.errors.length > 0) {
    return {
      ok: false,
      faults: document.errors.map((error) => {
        const { line, col } = lineCounter.linePos(error.pos[0]);
        const message = error.code === 'MULTIPLE_DOCS' ? 'must be one document' : oneLine(error.message);
        return `${file}:${line}:${col}: ${message}`;
      }),
    };
  }
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
  } catch (error) {
    // Thrown for aliases only: one without an anchor, or too many of them.
    return {
      ok: false,
      faults: [`${file}: ${oneLine(error instanceof Error ? error.message : 'is not YAML')}`],
    };
  }
}

/** One line without the piece of the document that some messages quote. */
function oneLine(message: string): string {
  return message
    .replace(/: ".*$/s, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
}
