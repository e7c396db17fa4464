/** What the sandbox can be told to do wrong. Each platform has its own switches. */

export interface Switches {
  /** Seconds after which a signed-in user's login is reported; until then "not signed in". */
  pendingSeconds: number;
  /** The login token has expired: 404 with IB's words. Turns itself off when a new token is handed out. */
  expired: boolean;
  /** Body of the expired answer: IB's form is unknown, so both occur. */
  expiredAs: 'json' | 'text';
  /** 200 without a session in it. */
  withoutSession: boolean;
  /** 200 with a body that is no JSON. */
  brokenJson: boolean;
  /** 200 with a web page. */
  html: boolean;
  /** The status of every login call, such as 500 or 429; 0 is off. */
  status: number;
  /** `Retry-After` of such answers, seconds; 0 is none. */
  retryAfterSeconds: number;
  /** Milliseconds by which login calls are delayed. */
  delayMs: number;
  /** The connection is cut in the middle of the answer. */
  cut: boolean;
  /** Login calls answer with a redirect to another host. */
  redirect: boolean;
  /** `apiV3url` names a host that is not IB's. */
  foreignApi: boolean;
  /** `logintimeoutperiod` is missing. */
  withoutPeriod: boolean;
  /** Hours of `logintimeoutperiod`. */
  periodHours: number;
  /** The session was over before it began. */
  alreadyOver: boolean;
  /** Numbers come as strings. */
  numbersAsText: boolean;
  /** A login token tells of the session once only; after that it has expired. */
  tellOnce: boolean;
  /** The status of every API call; 0 is off. */
  apiStatus: number;
}

/** Everything as it should be. */
export function defaultSwitches(): Switches {
  return {
    pendingSeconds: 0,
    expired: false,
    expiredAs: 'json',
    withoutSession: false,
    brokenJson: false,
    html: false,
    status: 0,
    retryAfterSeconds: 0,
    delayMs: 0,
    cut: false,
    redirect: false,
    foreignApi: false,
    withoutPeriod: false,
    periodHours: 24,
    alreadyOver: false,
    numbersAsText: false,
    tellOnce: false,
    apiStatus: 0,
  };
}

/** Sets the known switches of the right type; returns the names it did not know. */
export function setSwitches(target: Switches, wanted: Readonly<Record<string, unknown>>): string[] {
  const unknown: string[] = [];
  const fields = target as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(wanted)) {
    if (name in fields && typeof fields[name] === typeof value) fields[name] = value;
    else unknown.push(name);
  }
  return unknown;
}
