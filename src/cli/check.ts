/** `check`: everything a start would need and everything that would be alarmed about, without starting. */
import { statfs } from 'node:fs/promises';
import { createIbClient } from '../../adapters/ib/client.ts';
import { parsePlatform } from '../../adapters/ib/platform-url.ts';
import { SecretsError } from '../../adapters/secrets/error.ts';
import { StoreError } from '../../adapters/store/errors.ts';
import type { Config } from '../../config/types.ts';
import { loadServerSecrets } from '../open-store.ts';
import { createFileAudit } from '../telemetry/audit.ts';
import { AuditError } from '../telemetry/audit-file.ts';
import { configuration } from './configuration.ts';
import { CommandError, type Output, withStore } from './context.ts';
import { reachApps } from './reach.ts';

/** What was found: lines of what is well, of what would be told or alarmed about, and of what keeps a server from its work. */
interface Findings {
  readonly done: string[];
  readonly warnings: string[];
  readonly faults: string[];
}

/** Clocks that are further apart refuse codes (docs/operations.md); half of it is worth a look. */
const CLOCK_FAULT_MS = 30_000;
const CLOCK_WARNING_MS = 5_000;
const DISK_WARNING = 0.1;

/** Checks configuration, secrets, store, clock, disk, platforms and apps' addresses. Throws with every fault found. */
export async function check(platforms: readonly string[], output: Output): Promise<void> {
  const { config, secretsText, warnings } = configuration();
  const found: Findings = {
    done: [`configuration: ${config.clients.length} clients, ${config.resources.length} resources`],
    warnings: [...warnings],
    faults: [],
  };
  await checkKeysAndStore(config, secretsText, found);
  await checkClock(config, found);
  await checkDisk(config, found);
  checkWatching(config, found);
  await checkPlatforms(config, platforms, found);
  await checkApps(config, found);
  const told = found.warnings.map((warning) => `warning: ${warning}`);
  if (found.faults.length > 0) throw new CommandError([...found.faults, ...told]);
  output.result({ ok: true, checked: found.done, warnings: found.warnings }, [...found.done, ...told]);
}

async function checkKeysAndStore(
  config: Config,
  secretsText: string | undefined,
  { done, warnings, faults }: Findings,
): Promise<void> {
  try {
    const { signingSince } = await loadServerSecrets(config, secretsText);
    const days = Math.floor((Date.now() / 1000 - signingSince) / 86_400);
    done.push(`secrets: readable, signing keys of ${days} days`);
    if (days * 86_400 > config.lifetimes.oldSigningKeySeconds)
      warnings.push(`secrets: the signing keys are ${days} days old; secrets rotate (alarm keys-old)`);
    await withStore((store) => store.ready());
    done.push(`store: ${config.storage.kind}, answers`);
    if (config.storage.kind !== 'dynamodb') return;
    const { stateTable: state, tokenTable: tokens } = config.storage;
    await checkTables({ state, tokens }, { warnings, faults });
  } catch (error) {
    if (error instanceof SecretsError) faults.push(...error.faults);
    else if (error instanceof StoreError)
      faults.push(error.fault ?? `store: ${error.code} (${error.engineError})`);
    else throw error;
  }
}

/** Whoever runs a server need not be allowed to look at its tables' settings. */
async function checkTables(
  tables: { readonly state: string; readonly tokens: string },
  { warnings, faults }: Pick<Findings, 'warnings' | 'faults'>,
): Promise<void> {
  const { reviewTables } = await import('../../adapters/store/engines/dynamodb-tables.ts');
  try {
    const review = await reviewTables(tables);
    faults.push(...review.faults);
    warnings.push(...review.warnings);
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: unknown };
    if ($metadata === undefined) throw error;
    warnings.push(`store: TTL and backups of the tables could not be looked at (${name})`);
  }
}

/** The embedded store has this machine's own clock. */
async function checkClock({ storage }: Config, { done, warnings, faults }: Findings): Promise<void> {
  if (storage.kind !== 'dynamodb' || faults.length > 0) return;
  const { clockAheadMs } = await import('../../adapters/store/engines/dynamodb-clock.ts');
  let why = 'it tells no time';
  const ahead = await clockAheadMs(storage.stateTable).catch((error: unknown) => {
    why = error instanceof Error ? error.name : 'unknown';
    return undefined;
  });
  if (ahead === undefined) {
    warnings.push(`clock: not compared with the store's (${why})`);
    return;
  }
  const seconds = Math.round(Math.abs(ahead) / 1000);
  const line = `clock: ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the store's`;
  if (Math.abs(ahead) > CLOCK_FAULT_MS)
    faults.push(`${line}: codes will be refused; keep time (NTP, chrony)`);
  else if (Math.abs(ahead) > CLOCK_WARNING_MS) warnings.push(`${line}; keep time (NTP, chrony)`);
  else done.push(`clock: within ${CLOCK_WARNING_MS / 1000} s of the store's`);
}

async function checkDisk({ storage }: Config, { done, warnings }: Findings): Promise<void> {
  if (storage.kind !== 'embedded' || storage.dataDir === ':memory:') return;
  // Not made yet where the keys are at fault, which is told by then.
  const disk = await statfs(storage.dataDir).catch(() => undefined);
  if (disk === undefined) return;
  const { bavail, blocks } = disk;
  const percent = Math.floor((100 * bavail) / blocks);
  if (bavail / blocks < DISK_WARNING)
    warnings.push(
      `disk: ${percent} % of ${storage.dataDir} is free; when it is full sign-ins are answered 503`,
    );
  else done.push(`disk: ${percent} % free`);
}

/** Whether somebody would be told. */
function checkWatching({ audit, metricsPort }: Config, { done, warnings, faults }: Findings): void {
  if (metricsPort === undefined)
    warnings.push('METRICS_PORT: is not set; no alarm of docs/runbook.md can fire');
  if (audit.file === undefined) return;
  try {
    createFileAudit({ ...audit, file: audit.file, unwritable: 'refuse' }, () => undefined);
    done.push('audit: the file can be written');
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    const line = `AUDIT_FILE: cannot be written (${error.code})`;
    if (audit.unwritable === 'refuse') faults.push(line);
    else warnings.push(`${line}; alarm audit-unwritable`);
  }
}

async function checkPlatforms(
  { ibHosts, clients }: Config,
  platforms: readonly string[],
  { done, warnings, faults }: Findings,
): Promise<void> {
  const ib = createIbClient({ rules: ibHosts });
  const exact = ibHosts.flatMap((rule) =>
    rule.kind === 'pattern' && !rule.pattern.startsWith('*') ? [rule.pattern] : [],
  );
  const ofApps = clients.flatMap(({ ib: { platforms: own = [], defaultPlatform } }) => [
    ...own.filter((platform) => !platform.includes('*')),
    ...(defaultPlatform === undefined ? [] : [defaultPlatform]),
  ]);
  const asked = [...new Set([...exact, ...ofApps, ...platforms])];
  if (asked.length === 0)
    warnings.push('platform: none is named, none was asked; --platform acme.intelligencebank.com asks one');
  for (const text of asked) {
    const parsed = parsePlatform(text, ibHosts);
    const answer = parsed.ok ? await ib.probe(parsed.platform) : { status: 'not allowed by IB_HOSTS' };
    if (answer.status === 'ib') done.push(`platform: ${text} answers`);
    else faults.push(`platform: ${text}: ${'reason' in answer ? answer.reason : answer.status}`);
  }
}

async function checkApps(config: Config, { done, warnings, faults }: Findings): Promise<void> {
  const reached = await reachApps(config);
  for (const { clientId, field, url, fault } of reached) {
    if (fault === undefined) continue;
    const line = `${clientId}: ${field} ${url}: ${fault}`;
    // Without its keys an app cannot sign in at all; of a sign-out it is told again.
    if (field === 'jwks_uri') faults.push(line);
    else warnings.push(`${line} (backchannel_logout in the log)`);
  }
  const good = reached.filter(({ fault }) => fault === undefined).length;
  if (reached.length > 0) done.push(`apps: ${good} of ${reached.length} addresses answer`);
}
