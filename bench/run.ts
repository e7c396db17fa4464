/** The benchmarks: each operation on this store, on a naive one and on none, and the proxy against direct calls. One run, ratios. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, setGlobalDispatcher } from 'undici';
import { startSandbox } from '../sandbox/server.ts';
import { callCost } from './call-cost.ts';
import { coldStart } from './cold-start.ts';
import { cost, scale } from './cost.ts';
import { children, REDIRECT, SECRET, start } from './provider.ts';
import { proxy } from './proxy.ts';
import { stores } from './stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-bench-'));
const clientsFile = join(folder, 'clients.yaml');
writeFileSync(
  clientsFile,
  `clients:\n  - client_id: bench\n    client_secret_env: BENCH_SECRET\n    redirect_uris: [${REDIRECT}]\n    grant_types: [authorization_code, refresh_token]\n    scope: openid profile ib:api\n    ib: { skip_consent: true }\n`,
);
setGlobalDispatcher(new Agent({ connections: 64, pipelining: 1 }));

const sandbox = await startSandbox();
const [first, second] = sandbox.platforms;
const env = {
  CLIENTS_FILE: clientsFile,
  BENCH_SECRET: SECRET,
  DATA_DIR: ':memory:',
  IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin].join(','),
  LOG_LEVEL: 'silent',
};
try {
  const engine = await start<{ endpoint: string }>('engine.ts', []);
  const ours = await stores(engine.hello.endpoint, sandbox, env);
  await callCost();
  await cost(ours, sandbox);
  await proxy(ours, sandbox);
  await coldStart();
  await scale(ours, engine.hello.endpoint);
} finally {
  for (const child of children) child.kill();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
}
