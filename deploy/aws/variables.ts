/** What a function is told besides what its stack knows: the operator's settings, and clients' secrets by reference. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { SecretValue } from 'aws-cdk-lib';
import { parse } from 'yaml';
import { ENV } from '../../config/env.ts';

/** Variables that the stack sets itself, that hold secrets, or that mean nothing in a function, which has no ports and no files. */
const NOT_SETTABLE: ReadonlySet<string> = new Set([
  ENV.host,
  ENV.port,
  ENV.issuer,
  ENV.clientsFile,
  ENV.storage,
  ENV.dataDir,
  ENV.stateTable,
  ENV.tokenTable,
  ENV.stage,
  ENV.ibHosts,
  ENV.secretsFile,
  ENV.secretsArn,
  ENV.secretsJson,
  ENV.auditFile,
  ENV.auditFileMegabytes,
  ENV.auditUnwritable,
  ENV.traceEndpoint,
  ENV.tracesEndpoint,
  ENV.metricsPort,
  ENV.metricsHost,
]);
const SETTABLE: readonly string[] = Object.values(ENV).filter((name) => !NOT_SETTABLE.has(name));

/** The settings of a file of `NAME=value` lines; throws on a name that a function does not take. Never for secrets: they stand in the template. */
export function readSettings(file: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readFileSync(file, 'utf8')))) {
    if (!SETTABLE.includes(name)) {
      throw new Error(`${file}: ${name} cannot be set here; what can: ${SETTABLE.join(', ')}`);
    }
    settings[name] = value ?? '';
  }
  return settings;
}

type References = string | readonly string[] | undefined;

/** The variables in which the clients of a file want their secrets; throws where one wants a file, which no function has. */
export function clientSecretNames(clientsFile: string): string[] {
  const { clients } = parse(readFileSync(clientsFile, 'utf8')) as {
    clients?: { client_id: string; client_secret_env?: References; client_secret_file?: References }[];
  };
  return (clients ?? []).flatMap((client) => {
    if (client.client_secret_file !== undefined) {
      throw new Error(`${clientsFile}: ${client.client_id}: a function has no files; use client_secret_env`);
    }
    return [client.client_secret_env ?? []].flat();
  });
}

/**
 * Each variable as a reference into one secret of Secrets Manager, a JSON object by these names: CloudFormation reads
 * the values when it deploys, and the template holds none.
 */
export function clientSecretVariables(
  names: readonly string[],
  secret: string | undefined,
): Record<string, string> {
  if (names.length > 0 && secret === undefined) {
    throw new Error(
      `the clients file names ${names.join(', ')}: put them into a secret of Secrets Manager and pass -c clientSecrets=ITS_NAME`,
    );
  }
  return Object.fromEntries(
    names.map((name) => [name, SecretValue.secretsManager(secret ?? '', { jsonField: name }).unsafeUnwrap()]),
  );
}
