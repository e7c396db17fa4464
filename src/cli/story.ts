/** Lines of the log in words, for people who have never seen it. */
import { IB_OUTCOMES, type LogEvent, REFUSAL_REASONS, STORE_OUTCOMES } from '../telemetry/catalog.ts';

/** One line of the log, parsed. */
export type LogLine = Readonly<Record<string, unknown>>;

type Words = (line: LogLine) => string | undefined;

/** Whose lines, as often as it is named. */
const app = ({ clientId }: LogLine): string => (clientId === undefined ? 'an app' : `the app ${clientId}`);
const seconds = (ms: unknown): string => `${Math.round(Number(ms) / 100) / 10} s`;
const inWords = (words: Readonly<Record<string, string>>, name: unknown): string =>
  words[String(name)] ?? String(name);

function refusal({ error, detail, reason }: LogLine): string {
  const why = reason === undefined ? detail : REFUSAL_REASONS[reason as keyof typeof REFUSAL_REASONS];
  return why === undefined ? String(error) : `${error}: ${why}`;
}

/** What each event says; those without words are not part of a user's story. */
const WORDS: Partial<Record<LogEvent, Words>> = {
  sign_in_started: (line) => `${app(line)} sends the user to sign in at ${line['platformHost']}`,
  sign_in_finished: (line) =>
    `signed in at ${line['platformHost']} after ${seconds(line['tookMs'])}` +
    (line['newLogin'] === false ? ', by a session that IntelligenceBank had before' : ''),
  sign_in_reused: () => 'signed in already in this browser',
  login_token_renewed: ({ reason }) => `the link to IntelligenceBank's login was renewed (${reason})`,
  sign_in_refused: ({ platformHost, reason }) => `the answer of ${platformHost} is not taken: ${reason}`,
  attempt_expired: () => 'the login took too long, or its page was left',
  cancelled: ({ step }) => `the user cancelled (${step})`,
  consent_decided: (line) =>
    `the user ${line['decision'] === 'allow' ? 'allows' : 'denies'} ${app(line)}: ${[line['scopes']].flat().join(' ')}`,
  many_accounts: ({ accounts }) => `the address has lately finished sign-ins of ${accounts} accounts`,
  'grant.success': (line) => `${app(line)} gets tokens (${line['grantType']})`,
  'grant.error': (line) => `${app(line)} gets no tokens: ${refusal(line)}`,
  'authorization.error': (line) => `the request of ${app(line)} is refused: ${refusal(line)}`,
  'revocation.error': (line) => `the revocation by ${app(line)} is refused: ${refusal(line)}`,
  token_refused: (line) => `a token is refused: ${refusal(line)}`,
  access_taken_back: (line) => `the user takes the access of ${app(line)} back`,
  backchannel_logout: (line) =>
    `${app(line)} is told of the sign-out: ${line['outcome']}${line['reason'] === undefined ? '' : ` (${line['reason']})`}`,
  resource_unknown: (line) => `${app(line)} asks for a resource that is not configured: ${line['line']}`,
  limited: ({ limit }) => `turned away by the limit ${limit}`,
  proxied: (line) =>
    `${app(line)} calls IntelligenceBank's API (${line['method']}): ${line['outcome']}, ${line['status']}` +
    (line['cause'] === undefined ? '' : ` (${line['cause']})`),
  ib_call: ({ operation, platformHost, outcome }) =>
    String(outcome) in IB_OUTCOMES
      ? `IntelligenceBank (${platformHost}) in trouble at ${operation}: ${inWords(IB_OUTCOMES, outcome)}`
      : undefined,
  store_call: ({ level, operation, outcome, error }) =>
    isWarning(level)
      ? `the store fails at ${operation}: ${inWords(STORE_OUTCOMES, outcome)} (${error})`
      : undefined,
  failed: ({ error, code }) => `failed: ${error}${code === undefined ? '' : ` ${code}`}`,
  server_error: ({ error }) => `failed inside the library: ${error}`,
  request: ({ method, route, status }) => `${method} ${route} is answered ${status}`,
};

const AUDIT_WORDS: Readonly<Record<string, Words>> = {
  grant_revoked: (line) => `the access of ${app(line)} ends`,
  signed_out: () => 'the user signs out',
};

/** By name, or by pino's number. */
const isWarning = (level: unknown): boolean =>
  typeof level === 'number' ? level >= 40 : level === 'warn' || level === 'error';

function sentenceOf(line: LogLine): string | undefined {
  const { event, audit } = line;
  return audit === undefined ? WORDS[event as LogEvent]?.(line) : AUDIT_WORDS[String(audit)]?.(line);
}

/** `2026-11-26 02:05:22`, whether the log has it as text or as unix milliseconds. */
const timeOf = ({ time }: LogLine): string =>
  new Date(time as string | number).toISOString().slice(0, 19).replace('T', ' ');

/** The story, a line each, what repeats said once with how often; first whose it is, last why it ended badly. */
export function storyOf(lines: readonly LogLine[]): readonly string[] {
  const told: { readonly time: string; readonly text: string; times: number }[] = [];
  for (const line of lines) {
    const text = sentenceOf(line);
    if (text === undefined) continue;
    const last = told.at(-1);
    if (last?.text === text) last.times += 1;
    else told.push({ time: timeOf(line), text, times: 1 });
  }
  return [
    headOf(lines),
    ...told.map(({ time, text, times }) => `${time}  ${text}${times > 1 ? ` (${times} times)` : ''}`),
  ];
}

function headOf(lines: readonly LogLine[]): string {
  const named = (name: string, field: string): string[] => {
    const values = [
      ...new Set(lines.flatMap(({ [field]: value }) => (value === undefined ? [] : [String(value)]))),
    ];
    return values.length === 0 ? [] : [`${name} ${values.join(', ')}`];
  };
  const parts = [
    ...named('account', 'accountId'),
    ...named('app', 'clientId'),
    ...named('sign-in', 'signIn'),
    ...named('grant', 'grant'),
  ];
  return parts.length === 0 ? 'nobody was signed in' : parts.join(' · ');
}
