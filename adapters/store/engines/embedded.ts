/**
 * The embedded engine: dynalite, a DynamoDB in this process, on loopback. It knows no TTL, so expired items are swept here.
 */
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { StoreError } from '../errors.ts';
import type { TableRole } from '../items.ts';
import type { ClientSettings } from './dynamodb-call.ts';
import { ensureTable } from './dynamodb-tables.ts';

export interface EmbeddedEngine {
  /** Settings with which the SDK's client reaches this engine. */
  readonly client: ClientSettings;
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Starts dynalite and makes the tables. `dataDir` is a folder or `:memory:`. Throws `StoreError` where it cannot. */
export async function startEmbedded(options: {
  readonly dataDir: string;
  readonly tables: Readonly<Record<TableRole, string>>;
}): Promise<EmbeddedEngine> {
  const path = options.dataDir === ':memory:' ? undefined : join(options.dataDir, 'dynamodb');
  if (path !== undefined) await mkdir(path, { recursive: true, mode: 0o700 });
  // Loaded only where it is used: a function on Lambda never pays for it.
  const { default: dynalite } = await import('dynalite');
  const server = dynalite({
    ...(path === undefined ? {} : { path }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  const port = await listen(server);
  const endpoint = `http://127.0.0.1:${port}`;
  const client: ClientSettings = {
    endpoint,
    // It runs in this process, and answers when the process has time.
    limits: { attemptMs: 10_000, callMs: 20_000 },
    region: 'local',
    // dynalite asks that requests are signed, not by whom.
    credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
  };
  const admin = new DynamoDBClient({ ...client, maxAttempts: 1 });
  try {
    await ensureTable(admin, 'state', options.tables.state);
    await ensureTable(admin, 'tokens', options.tables.tokens);
  } catch (cause) {
    await close(server);
    throw new StoreError({
      code: 'failed',
      operation: 'open embedded store',
      engineError: cause instanceof Error ? cause.name : 'unknown',
      cause,
    });
  } finally {
    admin.destroy();
  }
  return { client, endpoint, close: () => close(server) };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new TypeError('no port'));
      else resolve(address.port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
