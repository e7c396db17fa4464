import { resolve } from 'node:path';
import type { Environment } from '../env.ts';
import { readTextFile } from '../files.ts';
import type { Finding } from './rule.ts';
import type { ClientEntry } from './schema.ts';
import { LIMITS } from './size-limits.ts';

/** Below this a secret can be guessed; 128 bits in base64url are 22 characters (RFC 6749 10.10). */
const COMFORTABLE_LENGTH = 22;

/** Where references lead: the variables, and the folder that relative paths start at. */
export interface SecretReferences {
  readonly env: Environment;
  readonly folder: string;
}

/** The secrets a client's references lead to, newest first, and what is wrong with them; never a value in a sentence. */
export function readClientSecrets(
  entry: Pick<ClientEntry, 'client_secret_env' | 'client_secret_file'>,
  { env, folder }: SecretReferences,
): { secrets: string[]; findings: Finding[] } {
  const secrets: string[] = [];
  const findings: Finding[] = [];
  const take = (path: Finding['path'], origin: string, value: string) => {
    const fault = secretFault(value);
    if (fault !== undefined) findings.push({ path, message: `${origin} ${fault}` });
    else secrets.push(value);
    if (fault === undefined && value.length < COMFORTABLE_LENGTH) {
      findings.push({
        path,
        message: `the secret is shorter than ${COMFORTABLE_LENGTH} characters`,
        warning: true,
      });
    }
  };
  for (const { path, name } of references(entry.client_secret_env, 'client_secret_env')) {
    const value = env[name];
    if (value === undefined) findings.push({ path, message: `the environment variable ${name} is not set` });
    else take(path, `the environment variable ${name}`, value);
  }
  for (const { path, name } of references(entry.client_secret_file, 'client_secret_file')) {
    const file = readTextFile(resolve(folder, name), 4 * LIMITS.secretLength);
    if (!file.ok) findings.push({ path, message: `the file ${JSON.stringify(name)} ${file.reason}` });
    else take(path, `the file ${JSON.stringify(name)}`, file.text.replace(/\r?\n$/, ''));
    if (file.ok && file.openToOthers) {
      findings.push({
        path,
        message: `the file ${JSON.stringify(name)} can be read by others (chmod 600)`,
        warning: true,
      });
    }
  }
  return { secrets, findings };
}

function references(value: string | readonly string[] | undefined, field: string) {
  if (value === undefined) return [];
  if (typeof value === 'string') return [{ path: [field], name: value }];
  return value.map((name, index) => ({ path: [field, index], name }));
}

function secretFault(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (value.length > LIMITS.secretLength) return `holds more than ${LIMITS.secretLength} characters`;
  // RFC 6749 appendix A.2 allows printable ASCII only.
  return /^[\x21-\x7E]+$/.test(value)
    ? undefined
    : 'holds spaces, line breaks or characters that are not ASCII';
}
