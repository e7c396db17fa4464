/** Environments beside a folder of clients' files, as the tests of the configuration load them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../config/config.ts';
import type { Config } from '../../config/types.ts';

export const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:ib-oauth-AbCdEf';

type Env = Record<string, string | undefined>;

/** `cwd` is there once the suite has begun. */
export interface Environment {
  readonly cwd: string;
  /** The configuration of variables without a fault. */
  load(env: Env): Config;
  faultsOf(env: Env): readonly string[];
}

/** Makes the folder of a suite; call inside `describe`. */
export function useEnvironment(): Environment {
  let cwd: string;
  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'ib-oauth-config-'));
    mkdirSync(join(cwd, 'config'));
    writeFileSync(join(cwd, 'config/clients.yaml'), 'clients: []\n');
    writeFileSync(
      join(cwd, 'two.yaml'),
      'clients:\n  - { client_id: a, token_endpoint_auth_method: none, redirect_uris: [http://a.example/cb] }\n  - { client_id: a b }\n',
    );
    writeFileSync(
      join(cwd, 'platforms.yaml'),
      `clients: [{ client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/cb'], ib: { platforms: [ACME.intelligencebank.com, 'https://b.intelligencebank.com/', evil.example, 'http://127.0.0.1:4000'], default_platform: acme.intelligencebank.com } }]`,
    );
    execFileSync('mkfifo', [join(cwd, 'pipe.yaml')]);
    writeFileSync(join(cwd, 'latin1.yaml'), Buffer.from([0x23, 0xe4]));
    writeFileSync(join(cwd, 'large.yaml'), `#${'x'.repeat(1024 * 1024)}`);
  });
  after(() => rmSync(cwd, { recursive: true }));

  const load = (env: Env): Config => {
    const loaded = loadConfig(env, { cwd });
    return loaded.ok ? loaded.config : expect.fail(loaded.faults.join('\n'));
  };
  const faultsOf = (env: Env) => {
    const loaded = loadConfig(env, { cwd });
    return loaded.ok ? [] : loaded.faults;
  };
  return {
    get cwd() {
      return cwd;
    },
    load,
    faultsOf,
  };
}
