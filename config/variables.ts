/** The variables of the environment, each by itself: what its text must be, and the value it means. */
import * as z from 'zod';
import { parseAppHosts } from './app-hosts.ts';
import { colorFault } from './clients/colors.ts';
import { isLoopbackHost } from './clients/redirect-uris.ts';
import { LIMITS } from './clients/size-limits.ts';
import { ENV, type Environment } from './env.ts';
import { faultsOfIssues } from './faults.ts';
import { type IbHostRule, parseIbHosts } from './hosts.ts';

const REGISTRATION_MODES = ['off', 'token', 'open', 'bridge'] as const;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const TABLE = () => z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, 'must be 3 to 255 of A-Z a-z 0-9 _ . -');
const HOST = () => z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be an IP address or a host name');
const PATH = () => z.string().max(4096);
const WEB_URL = () => z.url({ protocol: /^https$/, error: 'must be an https URL' }).max(2048);

const CLIENTS_LIMIT_FAULT = `must be a whole number from 1 to ${LIMITS.clients}`;

/** One schema a variable, made where the variable is set: text in, value out. */
const VARIABLES = {
  [ENV.host]: HOST,
  [ENV.port]: () =>
    z
      .string()
      .regex(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
      .transform(Number)
      .refine((port) => port <= 65_535, 'must be a whole number from 0 to 65535'),
  [ENV.workers]: () =>
    z
      .string()
      .regex(/^[1-9]\d?$/, 'must be a whole number from 1 to 99')
      .transform(Number),
  [ENV.issuer]: () => z.string().max(2048).transform(toIssuer),
  [ENV.clientsFile]: PATH,
  [ENV.clientsLimit]: () =>
    z
      .string()
      .regex(/^[1-9]\d{0,4}$/, CLIENTS_LIMIT_FAULT)
      .transform(Number)
      .refine((limit) => limit <= LIMITS.clients, CLIENTS_LIMIT_FAULT),
  [ENV.storage]: () => z.enum(['embedded', 'dynamodb']),
  [ENV.dataDir]: PATH,
  [ENV.stateTable]: TABLE,
  [ENV.tokenTable]: TABLE,
  [ENV.stage]: () => z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 of A-Z a-z 0-9 _ -'),
  [ENV.ibHosts]: () => z.string().max(10_000).transform(toHostRules),
  [ENV.ibLogoutUrl]: () =>
    z
      .string()
      .max(2048)
      .regex(
        /^https?:\/\/(\{platform\}|[^/{}\s]+)\/[^{}\s]*$/,
        'must be a URL, its host {platform} or a host of IB_HOSTS',
      ),
  [ENV.ibSessionCheck]: () => z.enum(['refresh', 'off']),
  [ENV.ibSessionLogin]: () => z.enum(['any', 'new']),
  [ENV.secretsFile]: PATH,
  [ENV.secretsArn]: () =>
    z
      .string()
      .regex(
        /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/,
        'must be the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME',
      ),
  [ENV.logLevel]: () => z.enum(LOG_LEVELS),
  [ENV.auditFile]: PATH,
  [ENV.auditFileMegabytes]: () =>
    z
      .string()
      .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1')
      .transform(Number),
  [ENV.auditUnwritable]: () => z.enum(['refuse', 'continue']),
  [ENV.auditAddresses]: () => z.enum(['whole', 'cut', 'off']),
  [ENV.brandName]: () =>
    z
      .string()
      .max(60)
      .regex(/^\P{C}*$/u, 'must be one line of at most 60 characters'),
  [ENV.brandLogo]: PATH,
  [ENV.brandColor]: () =>
    z.string().transform((text, context) => {
      const message = colorFault(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
      return text.toLowerCase();
    }),
  [ENV.supportUrl]: () =>
    z.url({ protocol: /^(https|mailto)$/, error: 'must be an https or mailto URL' }).max(2048),
  [ENV.privacyUrl]: WEB_URL,
  [ENV.termsUrl]: WEB_URL,
  [ENV.metricsPort]: () =>
    z
      .string()
      .regex(/^\d{1,5}$/, 'must be a port')
      .transform(Number)
      .refine((port) => port <= 65_535, 'must be a port'),
  [ENV.metricsHost]: HOST,
  [ENV.trustedProxies]: () =>
    z.string().regex(/^\d$/, 'must be the number of proxies in front, 0 to 9').transform(Number),
  [ENV.accountsPerAddress]: () =>
    z
      .string()
      .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1')
      .transform(Number),
  [ENV.registration]: () => z.enum(REGISTRATION_MODES),
  [ENV.registrationsPerHour]: () =>
    z
      .string()
      .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1 to 999999')
      .transform(Number),
  [ENV.clientIdMetadataHosts]: () => appHosts({ any: true }),
  [ENV.appHosts]: () => appHosts({ any: false }),
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

function toIssuer(text: string, context: z.RefinementCtx): string {
  const url = URL.parse(text);
  const isOrigin = url !== null && /^https?:\/\/[^/?#@\\]+\/?$/i.test(text);
  if (!isOrigin || !ISSUER_HOST.test(url.hostname)) {
    context.addIssue('must be an origin, https://host or https://host:port, without a path');
    return z.NEVER;
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    context.addIssue('must be https, or http on localhost, 127.0.0.1 or [::1]');
  }
  return url.origin;
}

function toHostRules(text: string, context: z.RefinementCtx): readonly IbHostRule[] {
  const parsed = parseIbHosts(text);
  if ('rules' in parsed) return parsed.rules;
  for (const fault of parsed.faults) context.addIssue(fault.replaceAll(/\s+/g, ' ').slice(0, 300));
  return z.NEVER;
}

function appHosts(options: { readonly any: boolean }) {
  return z
    .string()
    .max(10_000)
    .transform((text, context) => {
      const parsed = parseAppHosts(text, options);
      if ('rules' in parsed) return parsed.rules;
      for (const fault of parsed.faults) context.addIssue(fault.replaceAll(/\s+/g, ' ').slice(0, 300));
      return z.NEVER;
    });
}
