/** The variables of the environment, each by itself: what its text must be, and the value it means. */
// The small one: a function's start pays 14 ms for the other, of which nothing more is used here.
import * as z from 'zod/mini';
import { parseAppHosts } from './app-hosts.ts';
import { colorFault } from './clients/colors.ts';
import { isLoopbackHost } from './clients/redirect-uris.ts';
import { LIMITS } from './clients/size-limits.ts';
import { ENV, type Environment } from './env.ts';
import { faultsOfIssues } from './faults.ts';
import { type IbHostRule, parseIbHosts } from './hosts.ts';

const REGISTRATION_MODES = ['off', 'token', 'open', 'bridge'] as const;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Says what is wrong. */
type Fault = (message: string) => void;

const form = (pattern: RegExp, fault: string) => z.string().check(z.regex(pattern, fault));
const number = (pattern: RegExp, fault: string) => z.pipe(form(pattern, fault), z.transform(Number));
const atMost = (limit: number, fault: string) => z.refine<number>((value) => value <= limit, fault);
const url = (protocol: RegExp, error: string) => z.url({ protocol, error }).check(z.maxLength(2048));

/** What is made of a text up to a length; `fault` says why nothing is. */
function made<T>(mostLetters: number, make: (text: string, fault: Fault) => T) {
  return z.pipe(
    z.string().check(z.maxLength(mostLetters)),
    z.transform((input: string, { issues }) =>
      make(input, (message) => issues.push({ code: 'custom', message, input })),
    ),
  );
}

const TABLE = () => form(/^[A-Za-z0-9_.-]{3,255}$/, 'must be 3 to 255 of A-Z a-z 0-9 _ . -');
const HOST = () => form(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be an IP address or a host name');
/** Quotes and `~` are a shell's: in a file of variables they would begin a name, and make a folder of it. */
const PATH = () =>
  form(/^(?!["'~])/, 'must be a path as it is: no shell takes quotes or ~ away here').check(
    z.maxLength(4096),
  );
const WEB_URL = () => url(/^https$/, 'must be an https URL');
const COUNT = () => number(/^[1-9]\d{0,5}$/, 'must be a whole number from 1');

const PORT_FAULT = 'must be a whole number from 0 to 65535';
const CLIENTS_LIMIT_FAULT = `must be a whole number from 1 to ${LIMITS.clients}`;

/** One schema a variable, made where the variable is set: text in, value out. */
const VARIABLES = {
  [ENV.host]: HOST,
  [ENV.port]: () => number(/^\d{1,5}$/, PORT_FAULT).check(atMost(65_535, PORT_FAULT)),
  [ENV.workers]: () => number(/^[1-9]\d?$/, 'must be a whole number from 1 to 99'),
  [ENV.issuer]: () => made(2048, toIssuer),
  [ENV.clientsFile]: PATH,
  [ENV.clientsLimit]: () =>
    number(/^[1-9]\d{0,4}$/, CLIENTS_LIMIT_FAULT).check(atMost(LIMITS.clients, CLIENTS_LIMIT_FAULT)),
  [ENV.storage]: () => z.enum(['embedded', 'dynamodb']),
  [ENV.dataDir]: PATH,
  [ENV.stateTable]: TABLE,
  [ENV.tokenTable]: TABLE,
  [ENV.stage]: () => form(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 of A-Z a-z 0-9 _ -'),
  [ENV.ibHosts]: () => made(10_000, toHostRules),
  [ENV.ibLogoutUrl]: () =>
    z
      .string()
      .check(
        z.maxLength(2048),
        z.regex(
          /^https?:\/\/(\{platform\}|[^/{}\s]+)\/[^{}\s]*$/,
          'must be a URL, its host {platform} or a host of IB_HOSTS',
        ),
      ),
  [ENV.ibSessionCheck]: () => z.enum(['refresh', 'off']),
  [ENV.ibSessionLogin]: () => z.enum(['any', 'new']),
  [ENV.secretsFile]: PATH,
  [ENV.secretsArn]: () =>
    form(
      /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/,
      'must be the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME',
    ),
  [ENV.logLevel]: () => z.enum(LOG_LEVELS),
  [ENV.auditFile]: PATH,
  [ENV.auditFileMegabytes]: COUNT,
  [ENV.auditUnwritable]: () => z.enum(['refuse', 'continue']),
  [ENV.auditAddresses]: () => z.enum(['whole', 'cut', 'off']),
  [ENV.brandName]: () =>
    z.string().check(z.maxLength(60), z.regex(/^\P{C}*$/u, 'must be one line of at most 60 characters')),
  [ENV.brandLogo]: PATH,
  [ENV.brandColor]: () => made(100, toColor),
  [ENV.supportUrl]: () => url(/^(https|mailto)$/, 'must be an https or mailto URL'),
  [ENV.privacyUrl]: WEB_URL,
  [ENV.termsUrl]: WEB_URL,
  [ENV.metricsPort]: () => number(/^\d{1,5}$/, 'must be a port').check(atMost(65_535, 'must be a port')),
  [ENV.metricsHost]: HOST,
  [ENV.trustedProxies]: () => number(/^\d$/, 'must be the number of proxies in front, 0 to 9'),
  [ENV.accountsPerAddress]: COUNT,
  [ENV.registration]: () => z.enum(REGISTRATION_MODES),
  [ENV.registrationsPerHour]: () => number(/^[1-9]\d{0,5}$/, 'must be a whole number from 1 to 999999'),
  [ENV.clientIdMetadataHosts]: () => made(10_000, appHosts({ any: true })),
  [ENV.appHosts]: () => made(10_000, appHosts({ any: false })),
} as const;

type Variables = typeof VARIABLES;
/** What the variables that are set mean; a faulty one is absent. */
export type Values = { readonly [Name in keyof Variables]?: z.output<ReturnType<Variables[Name]>> };

/** Reads them all, with every fault; `faulty` names the variables. */
export function readVariables(env: Environment): {
  values: Values;
  faulty: ReadonlySet<string>;
  faults: string[];
} {
  const values: Record<string, unknown> = {};
  const faulty = new Set<string>();
  const faults: string[] = [];
  for (const [name, schema] of Object.entries(VARIABLES)) {
    const text = textOf(env, name);
    if (text === undefined) continue;
    const parsed = schema().safeParse(text);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      faulty.add(name);
      faults.push(...faultsOfIssues(parsed.error.issues).map(({ message }) => `${name}: ${message}`));
    }
  }
  // Each value is the output of the schema of its own name.
  return { values: values as Values, faulty, faults };
}

/** A variable's text; one that is empty is not set. */
export function textOf(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
}

/** One host: apps compare the issuer to the letter, so neither a wildcard nor a second spelling by a dot at the end will do. */
const ISSUER_HOST = /^(?:\[[0-9a-f:]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/;

function toIssuer(text: string, fault: Fault): string {
  const url = URL.parse(text);
  const isOrigin = url !== null && /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text);
  if (!isOrigin || !ISSUER_HOST.test(url.hostname)) {
    fault('must be an origin, https://host or https://host:port, without a path');
    return text;
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    fault('must be https, or http on localhost, 127.0.0.1 or [::1]');
  }
  return url.origin;
}

function toColor(text: string, fault: Fault): string {
  const message = colorFault(text);
  if (message !== undefined) fault(message);
  return text.toLowerCase();
}

/** The rules of a list, or a fault for each entry that is none. */
function rulesOf<T>(
  parsed: { readonly rules: readonly T[] } | { readonly faults: readonly string[] },
  fault: Fault,
): readonly T[] {
  if ('rules' in parsed) return parsed.rules;
  for (const text of parsed.faults) fault(text.replaceAll(/\s+/g, ' ').slice(0, 300));
  return [];
}

function toHostRules(text: string, fault: Fault): readonly IbHostRule[] {
  return rulesOf(parseIbHosts(text), fault);
}

function appHosts(options: { readonly any: boolean }) {
  return (text: string, fault: Fault) => rulesOf(parseAppHosts(text, options), fault);
}
