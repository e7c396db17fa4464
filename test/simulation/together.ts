/** What several people and apps do at once with the same things, and what must be true afterwards. */
import { Violation } from './people.ts';
import { isAlive, isDead, keep, must, newRun, type Run, says, signedIn, signOut } from './steps.ts';

export interface Scenario {
  prepare(run: Run): Promise<void>;
  /** By name; each runs with calls of the others between its own. */
  readonly actors: Readonly<Record<string, (run: Run) => Promise<void>>>;
  /** After the faults, when all have ended. */
  check(run: Run): Promise<void>;
}

const FIRST = { client_id: 'first', scope: 'openid profile ib:api' };

async function twoApps(run: Run): Promise<void> {
  await signedIn(run);
  keep(run, (await run.apps.exchange(await run.user.code(FIRST), 'first')).body, ' of first');
}

/** Refreshes as often as asked, each time with the newest token it knows itself. */
const refreshing =
  (times: number, as: string) =>
  async (run: Run): Promise<void> => {
    let { refresh_token: value } = run.facts;
    for (let turn = 0; turn < times; turn += 1) {
      const { status, body } = await run.apps.refresh(value);
      must(status === 200, `a refresh was told ${status} ${String(body['error'])}`);
      value = String(body['refresh_token']);
      keep(run, body, as);
    }
  };

const redeeming =
  (as: string) =>
  async (run: Run): Promise<void> => {
    const { status, body } = await run.apps.exchange(run.facts['code'] ?? '');
    if (status === 200) keep(run, body, as);
  };

/** A tab in which an app starts; what it got, if it came so far. */
const starting =
  (as: string) =>
  async (run: Run): Promise<void> => {
    const url = await run.user.startOnce(FIRST);
    const code = url?.searchParams.get('code');
    if (code == null) return;
    const { status, body } = await run.apps.exchange(code, 'first');
    if (status === 200) keep(run, body, as);
  };

async function nobodyIsLeft(run: Run): Promise<void> {
  for (const as of ['', ' of first', ' of tab', ' of another tab'])
    if (run.facts[`access_token${as}`] !== undefined) await isDead(run, as, as === '' ? 'web' : 'first');
}

/** By name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'one refresh token in three processes': {
    prepare: signedIn,
    actors: {
      one: refreshing(1, ' of one'),
      two: refreshing(1, ' of two'),
      three: refreshing(1, ' of three'),
    },
    async check(run) {
      const values = ['one', 'two', 'three'].map((name) => run.facts[`refresh_token of ${name}`]);
      must(new Set(values).size === 1, 'one token was rotated into several');
      await isAlive(run, ' of one');
    },
  },

  'a slow repetition while the successor is used': {
    prepare: signedIn,
    actors: {
      fast: refreshing(2, ' of fast'),
      async slow(run) {
        const { status, body } = await run.apps.refresh(run.facts['refresh_token']);
        if (status === 200) keep(run, body, ' of slow');
        else run.facts['reuse'] = says({ status, body });
      },
    },
    async check(run) {
      // Seen as reuse, it ends the family, whoever was slow; seen before, it changes nothing.
      if (run.facts['reuse'] !== undefined) {
        must(run.facts['reuse'] === '400 invalid_grant', `a repetition was told ${run.facts['reuse']}`);
        return isDead(run, ' of fast');
      }
      await isAlive(run, ' of fast');
      const again = await run.apps.refresh(run.facts['refresh_token of slow']);
      must(says(again).startsWith('400'), 'a used successor came back as new');
    },
  },

  'one code twice': {
    async prepare(run) {
      run.facts['code'] = await run.user.code();
    },
    actors: { one: redeeming(' of one'), two: redeeming(' of two') },
    async check(run) {
      const given = ['one', 'two'].filter((name) => run.facts[`access_token of ${name}`] !== undefined);
      must(given.length < 2, 'one code gave two token sets');
    },
  },

  'two tabs start an app while the user signs out': {
    prepare: twoApps,
    actors: { tab: starting(' of tab'), 'another tab': starting(' of another tab'), leaving: signOut },
    check: nobodyIsLeft,
  },

  'a refresh while the access is revoked': {
    prepare: signedIn,
    actors: {
      async app(run) {
        const { status, body } = await run.apps.refresh(run.facts['refresh_token']);
        if (status === 200) keep(run, body);
      },
      async user(run) {
        const { status } = await run.apps.post('/revoke', { token: run.facts['refresh_token'] ?? '' });
        must(status === 200, `a revocation was answered ${status}`);
      },
    },
    check: (run) => isDead(run),
  },

  'two sign-ins in one new browser': {
    prepare: async () => undefined,
    actors: {
      async one(run) {
        keep(run, (await run.apps.exchange(await run.user.code())).body);
      },
      async two(run) {
        keep(run, (await run.apps.exchange(await run.user.code(FIRST), 'first')).body, ' of first');
      },
    },
    async check(run) {
      if (run.facts['access_token'] !== undefined) await isAlive(run);
      if (run.facts['access_token of first'] !== undefined) await isAlive(run, ' of first', 'first');
    },
  },
};

/** Where a scenario begins. */
export async function begin(world: Run['world'], name: string): Promise<Run> {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) throw new Violation(`no scenario ${name}`);
  const run = newRun(world);
  await scenario.prepare(run);
  return run;
}
