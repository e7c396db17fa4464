/** The text of `docs/reference.md`. */
import { ERROR_CODES } from '../src/http/error-codes.ts';
import {
  AUDIT_EVENTS,
  IB_OUTCOMES,
  LOG_EVENTS,
  PROXY_OUTCOMES,
  REFUSAL_REASONS,
  STORE_OUTCOMES,
} from '../src/telemetry/catalog.ts';

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

const names = (all: Readonly<Record<string, string>>): readonly (readonly string[])[] =>
  Object.entries(all).map(([name, means]) => [`\`${name}\``, means]);

/** Every error code and every event, as tables. */
export function reference(): string {
  return `# Error codes and events of the log

Made from the code by \`npm run reference\`. What to do about each stands in [troubleshooting](troubleshooting.md) and, for
alarms, in the [runbook](runbook.md).

## Error codes

\`error\` of an answer or a redirect.

${table(
  ['code', 'where', 'means'],
  Object.entries(ERROR_CODES).map(([code, { where, means }]) => [`\`${code}\``, where, means]),
)}

## Events of the log

\`event\` of a line. Each has \`time\`, \`level\` and, where a request is behind it, \`reference\`; \`signIn\` names the whole sign-in,
\`grant\` the access that a token stands on and \`accountId\` whose it is. \`ib-oauth trace\` tells the story of any of these.

${table(
  ['event', 'level', 'means'],
  Object.entries(LOG_EVENTS).map(([event, { levels, means }]) => [`\`${event}\``, levels.join(', '), means]),
)}

## Events of the audit stream

\`audit\` of a line.

${table(['event', 'means'], names(AUDIT_EVENTS))}

## Why a token is refused

\`reason\` of \`token_refused\` and \`grant.error\`; where it is missing, \`error\` and \`detail\` say why.

${table(['reason', 'means'], names(REFUSAL_REASONS))}

## How calls went

\`outcome\` of \`store_call\`, and \`code\` of a \`StoreError\`:

${table(['outcome', 'means'], names(STORE_OUTCOMES))}

\`outcome\` of \`ib_call\`, where it is neither a status nor what IntelligenceBank said:

${table(['outcome', 'means'], names(IB_OUTCOMES))}

\`outcome\` of \`proxied\`:

${table(['outcome', 'means'], names(PROXY_OUTCOMES))}
`;
}
