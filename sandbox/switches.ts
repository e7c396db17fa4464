/** What the sandbox can be told to do wrong, one table of it. Each platform has its own switches. */

/** One switch: its usual value, what may be set, and what it does, in words for the sandbox's page. */
interface Switch<T> {
  readonly usual: T;
  readonly says: string;
  readonly accepts: (value: T) => boolean;
  readonly choices?: readonly T[];
}

function flag(says: string): Switch<boolean> {
  return { usual: false, says, accepts: () => true };
}

function amount(usual: number, says: string): Switch<number> {
  return { usual, says, accepts: (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31 };
}

function status(says: string): Switch<number> {
  return {
    usual: 0,
    says,
    accepts: (value) => value === 0 || (Number.isInteger(value) && value >= 400 && value <= 599),
  };
}

function choice<T extends string>(choices: readonly [T, ...T[]], says: string): Switch<T> {
  return { usual: choices[0], says, accepts: (value) => choices.includes(value), choices };
}

/** All switches. The ones named `api…` concern the API, the others the browser login. */
export const SWITCHES = {
  pendingSeconds: amount(0, 'Seconds after which a sign-in is reported; until then "not signed in yet".'),
  held: flag('No sign-in is reported until this is off again.'),
  expired: flag('Login tokens that are asked about have expired. Turns itself off with the next new token.'),
  expiredAs: choice(['json', 'text'], "Form of the answer about an expired token; IB's own is unknown."),
  unusedAs: choice(
    ['not_found', 'expired'],
    'What is said of a login token that nobody has signed in with yet: not found, or in the words for an expired one.',
  ),
  tokenSeconds: amount(0, 'Seconds after which an unused login token expires; 0: it does not.'),
  openedGoesOn: flag('Who has opened the login page in time may sign in there after the token has expired.'),
  withoutSession: flag('Status 200 without a session in it.'),
  brokenJson: flag('Status 200 with a body that is no JSON.'),
  html: flag('Every login call answers with a web page.'),
  status: status('Status of every login call, such as 500 or 429; 0 is off.'),
  statusAs: choice(['own', 'dead'], "Words of such answers: the sandbox's own, or IB's for a dead session."),
  retryAfterSeconds: amount(0, '"Retry-After" of such answers, in seconds; 0: none.'),
  delayMs: amount(0, 'Milliseconds by which login calls are delayed.'),
  cut: flag('The connection is cut in the middle of the answer.'),
  redirect: flag('Login calls answer with a redirect to another host.'),
  foreignApi: flag('"apiV3url" names a host that is not IntelligenceBank\'s.'),
  apiUrlAs: choice(
    ['origin', 'slash', 'path', 'no_scheme', 'no_scheme_path', 'capitals'],
    'Form of "apiV3url": bare, with a slash or a path, without its scheme, in capitals.',
  ),
  otherClient: flag('The platform answers with the "clientid" of another customer.'),
  withoutPeriod: flag('"logintimeoutperiod" is missing.'),
  periodHours: amount(24, 'Hours of "logintimeoutperiod".'),
  loginAgeSeconds: amount(0, 'The session that is handed out began so many seconds before.'),
  alreadyOver: flag('The session was over before it began.'),
  slides: flag('Sessions end one period after their last use, not after their login.'),
  numbersAsText: flag('Numbers come as strings.'),
  tellOnce: flag('A login token tells of the session once; asked again, it has expired.'),
  deadAs: choice(
    ['key', 'text', 'verbose', 'invalid_request', 'invalid_response', 'unknown'],
    'Words of the API for a dead session; the last are none of its own.',
  ),
  apiStatus: status('Status of every API call, such as 500 or 429; 0 is off.'),
  apiRetryAfterSeconds: amount(7, '"Retry-After" of an API\'s 429, in seconds; 0: none.'),
  apiDelayMs: amount(0, 'Milliseconds by which API calls are delayed.'),
  apiCut: flag('The connection is cut in the middle of an answer of the API.'),
} as const;

export type SwitchName = keyof typeof SWITCHES;
/** The value of each switch. */
export type Switches = { -readonly [Name in SwitchName]: (typeof SWITCHES)[Name]['usual'] };

const entries = Object.entries(SWITCHES) as [SwitchName, Switch<unknown>][];

/** Everything as it should be. */
export function defaultSwitches(): Switches {
  return Object.fromEntries(entries.map(([name, { usual }]) => [name, usual])) as Switches;
}

/** Sets switches, all or none; returns the names that do not exist or whose value does not fit. */
export function setSwitches(target: Switches, wanted: Readonly<Record<string, unknown>>): string[] {
  const known = new Map<string, Switch<unknown>>(entries);
  const unknown = Object.entries(wanted)
    .filter(([name, value]) => {
      const found = known.get(name);
      return found === undefined || typeof value !== typeof found.usual || !found.accepts(value);
    })
    .map(([name]) => name);
  if (unknown.length === 0) Object.assign(target, wanted);
  return unknown;
}

/** Values of a form, as the switches want them. */
export function switchesOfForm(form: URLSearchParams): Record<string, unknown> {
  const usual: Record<string, unknown> = defaultSwitches();
  const values = [...form].map(([name, text]) => {
    if (typeof usual[name] === 'boolean') return [name, text === 'true'];
    return [name, typeof usual[name] === 'number' ? Number(text) : text];
  });
  return Object.fromEntries(values);
}
