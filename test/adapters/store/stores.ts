/** The conformance suites: what each says of a store is tried on every engine, with several openings of one store. */
import { randomBytes } from 'node:crypto';
import type { AdapterPayload } from 'oidc-provider';
import type { IbSession } from '../../../adapters/ib/session.ts';
import { ProofUsedError } from '../../../adapters/store/errors.ts';
import { newTokenValue, type PrefixedModel } from '../../../adapters/store/handles.ts';
import { ENGINES, openStore, type TestEngine, type TestStore } from '../../support/engines.ts';

/** The store of a suite, on a clock that its tests move on. All but `startEngine` is there once the suite has begun. */
export interface StoreUnderTest {
  readonly startEngine: () => Promise<TestEngine>;
  readonly engine: TestEngine;
  readonly store: TestStore;
  /** `store` and two more openings of it, as other processes have. */
  readonly all: readonly TestStore[];
  readonly now: () => number;
  later(seconds: number): void;
}

/** Describes the store on each engine. */
export function describeStores(what: string, suite: (on: StoreUnderTest) => void): void {
  for (const [name, startEngine] of Object.entries(ENGINES)) {
    describe(`${what} on ${name}`, function () {
      this.timeout(60_000);
      suite(useStore(startEngine));
    });
  }
}

function useStore(startEngine: () => Promise<TestEngine>): StoreUnderTest {
  let engine: TestEngine;
  let store: TestStore;
  let all: TestStore[];
  let nowMs = 1_800_000_000_000;
  const now = (): number => nowMs;
  before(async () => {
    engine = await startEngine();
    store = await openStore(engine, { now });
    all = [store, ...(await Promise.all([1, 2].map(() => openStore(engine, { now }))))];
  });
  after(async () => {
    for (const opened of all) await opened.close();
    await engine.close();
  });
  beforeEach(() => {
    store.calls.length = 0;
  });
  return {
    startEngine,
    get engine() {
      return engine;
    },
    get store() {
      return store;
    },
    get all() {
      return all;
    },
    now,
    later: (seconds) => {
      nowMs += seconds * 1000;
    },
  };
}

const PREFIXED: readonly string[] = [
  'AuthorizationCode',
  'AccessToken',
  'RefreshToken',
  'DeviceCode',
  'ClientCredentials',
];

/** A fresh id of a model, as the library makes them. */
export const idFor = (model: string, grantId?: string): string =>
  PREFIXED.includes(model)
    ? newTokenValue(model as PrefixedModel, grantId)
    : randomBytes(32).toString('base64url');

export const payloadOf = (facts: object): AdapterPayload => facts as AdapterPayload;

/** What work was refused with, undefined where it was not. */
export async function refusal(work: Promise<unknown> | undefined): Promise<unknown> {
  return Promise.resolve(work).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** As the library does it: looks a proof up, notes it, and uses a code. */
export async function useProof(of: TestStore, { jti, code }: { jti: string; code: string }): Promise<void> {
  const proofs = of.adapter('ReplayDetection');
  if ((await proofs.find(jti)) !== undefined) throw new ProofUsedError();
  await proofs.upsert(jti, payloadOf({ jti }), 60);
  await of.adapter('AuthorizationCode').consume(code);
}

export const ibSession: IbSession = {
  sid: 'the-sid',
  apiUrl: 'https://api.intelligencebank.com',
  platformUrl: 'https://acme.intelligencebank.com',
  clientid: '6M0B',
  userUuid: 'u',
  loginTime: 1,
  timeoutPeriodHours: 24,
  endsAt: 4_000_000_000,
};
