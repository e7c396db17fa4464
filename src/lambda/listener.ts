/** The application in a function on Lambda: composed by its first request, kept for the next ones. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { pino } from 'pino';
import { readBuilt } from '../../config/clients/built.ts';
import type { Environment } from '../../config/env.ts';
import { type LoadedConfig, loadConfigWith } from '../../config/load.ts';
import { clientsFileOf } from '../../config/settings.ts';
import { compose } from '../compose.ts';
import { createAudit } from '../telemetry/audit.ts';
import { createEmbeddedMetrics } from '../telemetry/embedded-metrics.ts';
import { createEvents } from '../telemetry/events.ts';

export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** With the clients' file as it was read at the build; YAML and its schema are loaded only where it is another since. */
async function load(env: Environment): Promise<LoadedConfig> {
  const shape = readBuilt(resolve(clientsFileOf(env)));
  if (shape !== undefined) return loadConfigWith(() => shape, env);
  const { loadConfig } = await import('../../config/config.ts');
  return loadConfig(env);
}

async function open(
  env: Environment,
  maxProxyBytes: number,
  now: () => number,
): Promise<() => Promise<Listener>> {
  const loaded = await load(env);
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'));
  const { config, clientSecrets, secretsText } = loaded;
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  // A function has no files that stay: the stream stands in the log.
  const audit = createAudit({ settings: { ...config.audit, file: undefined }, log });
  const events = createEvents({ log, metrics: createEmbeddedMetrics(), audit });
  const composed = await compose({
    config,
    clientSecrets,
    secretsText,
    events,
    maxProxyBytes,
    store: { transport: 'node' },
    opensWhenUsed: true,
  });
  const { issuer } = config;
  if (issuer === undefined) throw new Error('ISSUER: is required on Lambda');
  const everyMs = config.lifetimes.secretsReadSeconds * 1000;
  let readAtMs = now();
  let listener: Listener = composed.createApp(issuer).callback();
  return async () => {
    // Before the request, as nothing runs between requests: keys of an hour ago may have missed a step of rotation.
    if (now() - readAtMs >= everyMs) {
      readAtMs = now();
      if (await composed.refreshSecrets()) listener = composed.createApp(issuer).callback();
    }
    return listener;
  };
}

/**
 * Opens the application from an environment when it is first asked for, so that a start costs an import only. One that
 * failed to open is tried again, not remembered. `maxProxyBytes` is the largest answer that the function can give.
 */
export function createListener(
  env: Environment,
  maxProxyBytes: number,
  now: () => number = Date.now,
): () => Promise<Listener> {
  let ready: Promise<() => Promise<Listener>> | undefined;
  return async () => {
    ready ??= open(env, maxProxyBytes, now);
    ready.catch(() => {
      ready = undefined;
    });
    return (await ready)();
  };
}

/** Of a path, what its encoded form never holds as it is (RFC 3986 section 3.3). */
const NOT_ENCODED = /%(?![\da-f]{2})|[?#]|[^\x21-\x7e]/giu;

/** An event's path as a request has it: HTTP APIs tell it decoded, REST APIs and function URLs as it came. */
export function encodedPath(path: string): string {
  return path.toWellFormed().replace(NOT_ENCODED, encodeURIComponent);
}
