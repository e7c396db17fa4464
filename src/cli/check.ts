/** `check`: everything a start would need, without starting. */
import { createIbClient } from '../../adapters/ib/client.ts';
import { parsePlatform } from '../../adapters/ib/platform-url.ts';
import { SecretsError } from '../../adapters/secrets/error.ts';
import { StoreError } from '../../adapters/store/errors.ts';
import { loadServerSecrets } from '../open-store.ts';
import { configuration } from './configuration.ts';
import { CommandError, type Output, withStore } from './context.ts';

/** Checks configuration, secrets, the store, and the platforms that are named. Throws with every fault found. */
export async function check(platforms: readonly string[], output: Output): Promise<void> {
  const { config, secretsText, warnings } = configuration();
  const faults: string[] = [];
  const done = [`configuration: ${config.clients.length} clients, ${config.resources.length} resources`];
  try {
    await loadServerSecrets(config, secretsText);
    done.push('secrets: readable');
    await withStore((store) => store.ready());
    done.push(`store: ${config.storage.kind}, answers`);
  } catch (error) {
    if (error instanceof SecretsError) faults.push(...error.faults);
    else if (error instanceof StoreError)
      faults.push(error.fault ?? `store: ${error.code} (${error.engineError})`);
    else throw error;
  }
  const ib = createIbClient({ rules: config.ibHosts });
  const exact = config.ibHosts.flatMap((rule) =>
    rule.kind === 'pattern' && !rule.pattern.startsWith('*') ? [rule.pattern] : [],
  );
  for (const text of [...new Set([...exact, ...platforms])]) {
    const parsed = parsePlatform(text, config.ibHosts);
    const answer = parsed.ok ? await ib.probe(parsed.platform) : { status: 'not allowed by IB_HOSTS' };
    if (answer.status === 'ib') done.push(`platform: ${text} answers`);
    else faults.push(`platform: ${text}: ${'reason' in answer ? answer.reason : answer.status}`);
  }
  if (faults.length > 0) throw new CommandError(faults);
  output.result({ ok: true, checked: done, warnings }, [
    ...done,
    ...warnings.map((warning) => `warning: ${warning}`),
  ]);
}
