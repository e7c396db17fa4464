/**
 * `npm run bench`: each operation of the product against plain node-oidc-provider, in one run; what it costs on DynamoDB,
 * the proxy against direct calls, and a function's cold start. Only ratios within a run mean anything.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, setGlobalDispatcher } from 'undici';
import { startSandbox } from '../sandbox/server.ts';
import { coldStart } from './cold-start.ts';
import { startDynamoDbProduct, startEmbeddedProduct, startFloor } from './contenders.ts';
import { cost, scale } from './cost.ts';
import { operations } from './operations.ts';
import { children } from './provider.ts';
import { proxy } from './proxy.ts';

/** Parts to run, comma-separated; all of them unless named. */
const PARTS = (process.env['BENCH_PARTS'] ?? 'operations,cost,proxy,cold-start').split(',');

setGlobalDispatcher(new Agent({ connections: 64, pipelining: 1 }));
const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-bench-'));
const sandbox = await startSandbox();
try {
  if (PARTS.includes('operations')) {
    await operations([
      await startFloor(),
      await startEmbeddedProduct(sandbox, join(folder, 'one'), 1),
      await startEmbeddedProduct(sandbox, join(folder, 'four'), 4),
      await startDynamoDbProduct(sandbox, join(folder, 'dynamodb')),
    ]);
  }
  if (PARTS.includes('cost')) {
    const told = await startDynamoDbProduct(sandbox, join(folder, 'told'), { debug: true });
    await cost(told);
    await scale(told);
  }
  if (PARTS.includes('proxy'))
    await proxy(await startEmbeddedProduct(sandbox, join(folder, 'proxy'), 1), sandbox);
  if (PARTS.includes('cold-start')) await coldStart();
} finally {
  for (const child of children) child.kill();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
}
