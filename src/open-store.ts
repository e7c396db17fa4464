/** The server's keys and its store, without the application: what servers, functions and operators' commands open. */
import { rotateIfDue } from '../adapters/secrets/change.ts';
import { SecretsError } from '../adapters/secrets/error.ts';
import { knownSecondsOf } from '../adapters/secrets/rotation.ts';
import {
  type LiveSecrets,
  loadSecrets,
  openSecrets,
  type Secrets,
  type SecretsDeps,
} from '../adapters/secrets/secrets.ts';
import type { Store } from '../adapters/store/contract.ts';
import type { Engine } from '../adapters/store/engine.ts';
import { StoreError } from '../adapters/store/errors.ts';
import { createLateEngine } from '../adapters/store/late-engine.ts';
import { type EngineOptions, faultOfNewSecrets, openEngine } from '../adapters/store/open-engine.ts';
import { checkPeppers } from '../adapters/store/pepper-check.ts';
import { createStore, type StoreOptions } from '../adapters/store/store.ts';
import type { Config } from '../config/types.ts';
import type { Events } from './telemetry/events.ts';

/** What opening the server's keys is given: new ones are made only where no store stands on lost ones. */
function secretsDeps(
  storage: Config['storage'],
  text: string | undefined,
): Pick<SecretsDeps, 'text' | 'faultOfNew'> {
  return { text, faultOfNew: () => faultOfNewSecrets(storage) };
}

/** The server's keys as they are, for a command. */
export async function loadServerSecrets(
  { secrets, storage }: Pick<Config, 'secrets' | 'storage'>,
  text: string | undefined,
): Promise<Secrets> {
  return loadSecrets(secrets, secretsDeps(storage, text));
}

export interface OpenKeysOptions {
  readonly config: Pick<Config, 'secrets' | 'storage' | 'lifetimes'>;
  /** The keys, where a variable holds them. */
  readonly secretsText?: string | undefined;
  readonly events: Pick<Events, 'say' | 'keysLoaded' | 'secretsRead' | 'secretsRefused'>;
}

/** The server's keys, with the step of rotation taken that their age asks for; what becomes of them is told. */
export async function openKeys(
  { config, events, secretsText }: OpenKeysOptions,
  nowSeconds: () => number,
): Promise<LiveSecrets> {
  const { signingKeySeconds: mostSeconds, oldSigningKeySeconds: limitSeconds } = config.lifetimes;
  async function rotateByAge(): Promise<void> {
    const knownSeconds = knownSecondsOf(config.lifetimes);
    const limit = { nowSeconds: nowSeconds(), mostSeconds, knownSeconds };
    if (await rotateIfDue(config.secrets, limit)) events.say('info', 'keys_rotated');
  }
  await rotateByAge();
  const secrets = await openSecrets(config.secrets, {
    ...secretsDeps(config.storage, secretsText),
    warn: (text) => events.say('warn', 'secrets_warning', {}, text),
  });
  const tellAge = (): void =>
    events.keysLoaded({
      ageSeconds: nowSeconds() - secrets.current().signingSince,
      limitSeconds,
    });
  tellAge();
  return {
    current: secrets.current,
    async refresh() {
      try {
        await rotateByAge();
        const isChanged = await secrets.refresh();
        events.secretsRead({ isChanged });
        if (isChanged) tellAge();
        return isChanged;
      } catch (error) {
        if (!(error instanceof SecretsError)) throw error;
        events.secretsRefused(error.faults);
        return false;
      }
    },
  };
}

export interface OpenStoreOptions {
  readonly config: Pick<Config, 'storage' | 'lifetimes'>;
  /** Unix milliseconds; the process's clock unless a test sets another. */
  readonly now?: (() => number) | undefined;
  /** Further settings. */
  readonly store?: (EngineOptions & Pick<StoreOptions, 'onIbSessionEnded'>) | undefined;
  /** Whether DynamoDB is opened, and held against the keys, by the first who asks for something stored. */
  readonly opensWhenUsed?: boolean | undefined;
}

/** Opens the configured store. Where it was written under other keys this rejects, or all that is asked of it does. */
export async function openStore(
  options: OpenStoreOptions,
  secrets: () => Secrets,
  events: Pick<Events, 'storeCalled' | 'swept' | 'unopened' | 'failed' | 'say' | 'keysHeldAgainstStore'>,
): Promise<Store> {
  const { storage, lifetimes } = options.config;
  const { onIbSessionEnded, ...engineOptions } = options.store ?? {};
  const isLate = options.opensWhenUsed === true && storage.kind === 'dynamodb';
  const open = async (): Promise<Engine> => {
    const opened = await openEngine(storage, { onCall: events.storeCalled, ...engineOptions });
    await holdAgainst(opened, secrets().peppers, {
      // Whoever starts a server reads why it ends; who asks a function does not.
      onForeign: () => isLate && events.keysHeldAgainstStore({ areForeign: true }),
      onUnknown: (error) => tellUnchecked(events, error),
    });
    return opened;
  };
  const engine = isLate ? createLateEngine(false, open) : await open();
  const store = createStore(engine, {
    peppers: () => secrets().peppers,
    onUnopened: events.unopened,
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(onIbSessionEnded === undefined ? {} : { onIbSessionEnded }),
  });
  if (storage.kind === 'dynamodb') return store;
  // DynamoDB deletes what has expired by itself. The sweep does not keep the process alive.
  const sweeping = setInterval(() => {
    store.sweep().then(events.swept, events.failed);
  }, lifetimes.sweepIntervalSeconds * 1000);
  sweeping.unref();
  return {
    ...store,
    async close() {
      clearInterval(sweeping);
      await store.close();
    },
  };
}

/** Closes an engine that was written under other keys, and rejects. */
async function holdAgainst(
  engine: Engine,
  peppers: Secrets['peppers'],
  told: { readonly onForeign: () => void; readonly onUnknown: (error: StoreError) => void },
): Promise<void> {
  try {
    await checkPeppers(engine, peppers);
  } catch (error) {
    // A store that does not answer now is waited for: the server starts, and is not ready.
    if (error instanceof StoreError && error.fault === undefined) return told.onUnknown(error);
    if (error instanceof StoreError) told.onForeign();
    await engine.close();
    throw error;
  }
}

/** Says why a store could not be held against the secrets. */
export function tellUnchecked(events: Pick<Events, 'say'>, error: unknown): void {
  const { engineError, fault } = error instanceof StoreError ? error : {};
  events.say('warn', 'store_not_checked', { error: engineError }, fault);
}
