/** Runs flows with faults in them, and says what was wrong. */
import { FAULTS, type Fault, isPossible } from './faults.ts';
import type { Flow } from './flow.ts';
import { FLOWS } from './flows.ts';
import { Violation } from './people.ts';
import { runTogether } from './scheduler.ts';
import { copyOf, newRun, type Run } from './steps.ts';
import { begin, SCENARIOS } from './together.ts';
import type { Made, Plan, Snapshot, World } from './world.ts';

/** A flow that can be run again and again from where it begins. */
export interface Prepared {
  readonly name: string;
  readonly flow: Flow;
  readonly run: Run;
  readonly from: Snapshot;
  /** The calls that it makes where nothing happens. */
  readonly calls: readonly Made[];
}

export interface Outcome {
  readonly violation: string | undefined;
  readonly calls: readonly Made[];
  readonly seen: Run['seen'];
}

/** No secret that was handed out may stand in a log, nor in the store's clear text. */
function tellNoSecret(world: World, { facts, user }: Run): void {
  const secrets = [
    ...['access_token', 'refresh_token', 'id_token', 'code', 'device_code', 'exchanged'].flatMap(
      (name) => facts[name] ?? [],
    ),
    ...user.cookies.map(({ value }) => value).filter((value) => value.length > 20),
  ];
  const log = world.logs.join('');
  if (secrets.some((secret) => log.includes(secret))) throw new Violation('a secret stands in the log');
  const stored = [...world.items].map(([key, item]) => `${key} ${JSON.stringify(item)}`).join('\n');
  if (secrets.some((secret) => stored.includes(secret))) throw new Violation('a secret stands in the store');
}

/** Runs a flow once under a plan. */
export async function runOnce(world: World, prepared: Prepared, plan: Plan): Promise<Outcome> {
  world.restore(prepared.from);
  const run = copyOf(prepared.run);
  let violation: string | undefined;
  let calls: readonly Made[] = [];
  world.arm(plan);
  try {
    await prepared.flow.act(run);
    calls = world.disarm();
    await prepared.flow.check(run);
    tellNoSecret(world, run);
  } catch (error) {
    violation = error instanceof Violation ? error.message : String((error as Error).stack);
  } finally {
    world.disarm();
  }
  return { violation, calls, seen: run.seen };
}

/** Brings a flow to where it begins, and counts its calls. */
export async function prepare(world: World, name: string, fresh: Snapshot): Promise<Prepared> {
  const flow = FLOWS[name];
  if (flow === undefined) throw new TypeError(`no flow ${name}`);
  world.restore(fresh);
  const run = newRun(world);
  await flow.prepare?.(run);
  const waiting = { name, flow, run, from: world.snapshot(), calls: [] };
  const { violation, calls } = await runOnce(world, waiting, new Map());
  if (violation !== undefined) throw new Error(`${name}, without a fault: ${violation}`);
  return { ...waiting, calls };
}

/** Runs a scenario once, in the order of calls that a seed gives; what was wrong, if anything. */
export async function runScenario(
  world: World,
  name: string,
  facts: { readonly fresh: Snapshot; readonly random: () => number; readonly plan: Plan },
): Promise<string | undefined> {
  const { fresh, random, plan } = facts;
  world.restore(fresh);
  const run = await begin(world, name);
  world.trace.length = 0;
  world.arm(plan);
  try {
    const { actors = {}, check } = SCENARIOS[name] ?? {};
    const works = Object.entries(actors).map(([actor, work]) => [actor, () => work(run)] as const);
    const [thrown] = await runTogether(world, random, Object.fromEntries(works));
    world.disarm();
    if (thrown !== undefined) throw thrown;
    await check?.(run);
    tellNoSecret(world, run);
    return undefined;
  } catch (error) {
    return error instanceof Violation ? error.message : String((error as Error).stack);
  } finally {
    world.disarm();
  }
}

/** One fault at one call of a flow. */
export interface Single {
  readonly at: number;
  readonly fault: Fault;
}

/** Every fault at every call of a flow. */
export function singlesOf({ calls }: Prepared): Single[] {
  return calls.flatMap((call, at) =>
    FAULTS.filter((fault) => isPossible(fault, call)).map((fault) => ({ at, fault })),
  );
}
