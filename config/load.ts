import { resolve } from 'node:path';
import { isAtAppHost } from './app-hosts.ts';
import { type ParsedClients, registrationsOf } from './clients/registrations.ts';
import type { readShape } from './clients/shape.ts';
import { fileBytesFor } from './clients/size-limits.ts';
import { ENV, type Environment } from './env.ts';
import { readTextFile } from './files.ts';
import type { IbHostRule } from './hosts.ts';
import { lifetimes } from './lifetimes.ts';
import { coversPlatform, platformFault } from './platforms.ts';
import { parseSettings } from './settings.ts';
import type { ClientRegistration, ClientSecrets, Config } from './types.ts';

/** What loading gives: everything, or every fault, each one line that names file or variable and the path inside. */
export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: Config;
      readonly clientSecrets: ClientSecrets;
      /** The server's own keys where a variable holds them: never part of `config`, which may be logged. */
      readonly secretsText?: string;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly faults: string[] };

/** Reads the text of a clients' file. */
export type ReadShape = typeof readShape;

/**
 * Reads the environment and the clients' file into one frozen Config. Relative paths of variables start at `cwd`.
 * Every fault is reported, those of the file too where a variable is wrong.
 */
export function loadConfigWith(
  readShape: ReadShape,
  env: Environment,
  { cwd = process.cwd() }: { readonly cwd?: string } = {},
): LoadedConfig {
  const { settings, faulty, faults, warnings } = parseSettings(env, cwd);
  const path = resolve(cwd, settings.clientsFile);
  const parsed = readClients(
    readShape,
    { name: settings.clientsFile, path },
    {
      env,
      // A faulty IB_HOSTS has one fault of its own, and none for each platform.
      ibHosts: faulty.has(ENV.ibHosts) ? undefined : settings.ibHosts,
      appHosts: settings.appHosts,
      clientsLimit: settings.clientsLimit,
    },
  );
  if (parsed.ok && settings.registration === 'bridge' && !parsed.clients.some(isPublicBridge)) {
    faults.push(
      `${ENV.registration}: bridge needs a client with ib.bridge_compat and token_endpoint_auth_method: none in ${settings.clientsFile}`,
    );
  }
  if (faults.length > 0 || !parsed.ok) {
    return { ok: false, faults: [...faults, ...(parsed.ok ? [] : parsed.faults)] };
  }
  const { clients, resources, clientSecrets } = parsed;
  const config = deepFreeze({ ...settings, clientsFile: path, clients, resources, lifetimes });
  const secretsText = config.secrets.kind === 'environment' ? env[config.secrets.variable] : undefined;
  return {
    ok: true,
    config,
    clientSecrets,
    ...(secretsText === undefined ? {} : { secretsText }),
    warnings: [...warnings, ...parsed.warnings],
  };
}

function isPublicBridge({ metadata, ib }: ClientRegistration): boolean {
  return ib.bridgeCompat && metadata['token_endpoint_auth_method'] === 'none';
}

/** The clients' file by itself. */
function readClients(
  readShape: ReadShape,
  { name, path }: { readonly name: string; readonly path: string },
  {
    env,
    ibHosts,
    appHosts,
    clientsLimit,
  }: Pick<Config, 'appHosts' | 'clientsLimit'> & {
    readonly env: Environment;
    readonly ibHosts: readonly IbHostRule[] | undefined;
  },
): ParsedClients {
  const file = readTextFile(path, fileBytesFor(clientsLimit));
  if (!file.ok) return { ok: false, faults: [`${name}: ${file.reason}`], warnings: [] };
  const shape = readShape(name, file.text);
  if ('unreadable' in shape) return { ok: false, faults: shape.unreadable, warnings: [] };
  if (shape.entries.length > clientsLimit) {
    const fault = `${name}: clients: ${shape.entries.length} apps, more than ${ENV.clientsLimit}=${clientsLimit} allows`;
    return { ok: false, faults: [fault], warnings: [] };
  }
  return registrationsOf(shape, {
    name,
    path,
    env,
    coversPlatform,
    // Plain http is for the origins that are written with it.
    mayCall: (url) =>
      url.protocol === 'http:' &&
      isAtAppHost(
        url,
        appHosts.filter(({ kind }) => kind === 'origin'),
        { anyPort: false },
      ),
    platformFault: (platform) => platformFault(platform, ibHosts),
  });
}

/** The values are trees: zod copied them, and keeps nothing of a YAML alias that points back. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner);
  }
  return value;
}
