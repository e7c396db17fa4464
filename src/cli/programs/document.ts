/** docs/clients.md, written from the table by `npm run clients-doc`. */
import { type Checked, entryOf, needsOrigin, type Program, resourceOf } from './program.ts';
import { PROGRAM_GROUPS, PROGRAMS } from './table.ts';

const EXAMPLE_ORIGIN = 'https://app.acme.com';

const INTRODUCTION = `# Client programs and their settings

What each program is registered with here, and what it is told. \`npm run ib-oauth -- client add ID --for NAME\` writes the
entry and prints the settings filled in; every flag of \`client add\` still wins. \`{issuer}\` is this server's \`ISSUER\`, and
\`{origin}\` where the app runs, said with \`--origin\`.

Each row says how it is known. **test**: a test of \`npm test\` signs a user in with the unmodified program. **interop**: \`npm run
interop NAME\` does so with the program in its own language, from discovery to refresh and sign-out as far as it goes there
itself, on a machine that has the language (it says what is missing). **not run**: nobody has seen it work with this server, and the row says why.

This file is written by \`npm run clients-doc\` from \`src/cli/programs\`, which \`client add\` reads too; the interop runs register
their apps from it.
`;

/** The whole text. */
export function clientsDocument(): string {
  const rows = PROGRAMS.map(
    ({ name, title, checked }) => `| [${title}](#${anchorOf(title)}) | \`${name}\` | ${shortly(checked)} |`,
  );
  const groups = Object.entries(PROGRAM_GROUPS).flatMap(([group, programs]) => [
    `## ${group}\n`,
    ...programs.map(sectionOf),
  ]);
  return [INTRODUCTION, '| program | `--for` | checked |\n|---|---|---|', ...rows, '', ...groups].join('\n');
}

function sectionOf(program: Program): string {
  const { name, title, settings, notes = [], checked } = program;
  const origin = needsOrigin(program) ? ` --origin ${EXAMPLE_ORIGIN}` : '';
  const { redirectUris, fields } = entryOf(program, '{origin}');
  const resource = resourceOf(program, '{origin}');
  return [
    `### ${title}\n`,
    `\`client add my-app --for ${name}${origin}\`: ${entryLine({ redirect_uris: redirectUris, ...fields })}\n`,
    ...(resource === undefined ? [] : [`Under \`resources\`: \`- ${shown(resource)}\`\n`]),
    `\`\`\`${settings.language}\n${settings.text}\n\`\`\`\n`,
    ...notes.map((note) => `- ${note}`),
    ...(notes.length === 0 ? [] : ['']),
    `${atLength(name, checked)}\n`,
  ].join('\n');
}

/** `a: b, c: [d, e]`, each as code. */
function entryLine(entry: Readonly<Record<string, unknown>>): string {
  return Object.entries(entry)
    .map(([field, value]) => `\`${field}: ${shown(value)}\``)
    .join(', ');
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).map(([key, inner]) => `${key}: ${shown(inner)}`);
  return `{ ${members.join(', ')} }`;
}

function shortly(checked: Checked): string {
  return checked.by === 'nobody' ? 'not run' : `${checked.by}, ${checked.version}`;
}

function atLength(name: string, checked: Checked): string {
  switch (checked.by) {
    case 'test':
      return `Checked by \`${checked.file}\` with ${checked.pinned} ${checked.version}.`;
    case 'interop':
      return `Checked by \`npm run interop ${name}\` with ${checked.pinned} ${checked.version}.`;
    case 'nobody':
      return `Not run here: ${checked.why}`;
  }
}

/** As GitHub makes anchors of headings. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 _-]/g, '')
    .replaceAll(' ', '-');
