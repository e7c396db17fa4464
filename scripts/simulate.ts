/**
 * `npm run simulate -- --seed N --minutes M`: pairs of faults in every flow, and several people at once with faults in
 * between, by chance. Prints its seed; where something is wrong, the seed and the trace that repeat it.
 */
import { parseArgs } from 'node:util';
import { FAULTS, isPossible } from '../test/simulation/faults.ts';
import { CLIENTS, FLOWS } from '../test/simulation/flows.ts';
import { type Prepared, prepare, runOnce, runScenario } from '../test/simulation/runner.ts';
import { createRandom, oneOf } from '../test/simulation/scheduler.ts';
import { SCENARIOS } from '../test/simulation/together.ts';
import { createWorld, type Plan, type World } from '../test/simulation/world.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, minutes: { type: 'string' } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const minutes = Number(values.minutes ?? 1);
if (!Number.isInteger(seed) || !Number.isFinite(minutes)) {
  console.error('simulate --seed NUMBER --minutes NUMBER');
  process.exit(1);
}

/** Scenarios are this long, about. */
const MOST_CALLS = 40;
const STARTED = performance.now();

function planOf(random: () => number, most: number, calls: Prepared['calls']): Plan {
  const plan = new Map();
  for (let faults = 0; faults < most; faults += 1) {
    const at = Math.floor(random() * (calls.length || MOST_CALLS));
    const call = calls[at] ?? {};
    plan.set(
      at,
      oneOf(
        random,
        FAULTS.filter((fault) => isPossible(fault, call)),
      ),
    );
  }
  return plan;
}

/** One run, all of it given by its seed; what was wrong. */
async function once(
  world: World,
  flows: readonly Prepared[],
  facts: { readonly runSeed: number; readonly fresh: Prepared['from'] },
): Promise<{ readonly name: string; readonly wrong: string | undefined }> {
  const random = createRandom(facts.runSeed);
  if (random() < 0.5) {
    const prepared = oneOf(random, flows);
    const { violation } = await runOnce(world, prepared, planOf(random, 2, prepared.calls));
    return { name: prepared.name, wrong: violation };
  }
  const name = oneOf(random, Object.keys(SCENARIOS));
  const plan = planOf(random, Math.floor(random() * 3), []);
  return { name, wrong: await runScenario(world, name, { fresh: facts.fresh, random, plan }) };
}

console.log(`seed ${seed}, ${minutes} minutes`);
const world = await createWorld(CLIENTS, seed % 2 === 0 ? 'ordered' : 'whole');
const fresh = world.snapshot();
const flows: Prepared[] = [];
for (const name of Object.keys(FLOWS)) flows.push(await prepare(world, name, fresh));
let runs = 0;
let failed = 0;
do {
  // Steps of two keep the engine that the seed has chosen.
  const runSeed = seed + 2 * runs;
  const { name, wrong } = await once(world, flows, { runSeed, fresh });
  runs += 1;
  if (wrong === undefined) continue;
  failed += 1;
  console.log(`\n${name}: ${wrong}\nagain: npm run simulate -- --seed ${runSeed} --minutes 0`);
  console.log(world.trace.map((line) => `  ${line}`).join('\n'));
} while (performance.now() - STARTED < minutes * 60_000);
await world.close();
console.log(`${runs} runs, ${failed} wrong`);
process.exitCode = failed === 0 ? 0 : 1;
