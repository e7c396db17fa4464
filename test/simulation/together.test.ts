import { expect } from 'chai';
import { CLIENTS } from './flows.ts';
import { runScenario } from './runner.ts';
import { createRandom } from './scheduler.ts';
import { SCENARIOS } from './together.ts';
import { createWorld, type Snapshot, type World } from './world.ts';

const SEEDS = 8;

describe('several people and apps at once, their calls in any order', function () {
  this.timeout(60_000);
  let world: World;
  let fresh: Snapshot;
  before(async () => {
    world = await createWorld(CLIENTS, 'ordered');
    fresh = world.snapshot();
  });
  after(() => world.close());

  for (const name of Object.keys(SCENARIOS)) {
    it(`keep and lose what they should: ${name}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const wrong = await runScenario(world, name, { fresh, random: createRandom(seed), plan: new Map() });
        expect(wrong, `seed ${seed}\n${world.trace.join('\n')}`).to.equal(undefined);
      }
    });
  }

  it('make the same calls in the same order for one seed', async () => {
    const traces: string[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const name = 'two tabs start an app while the user signs out';
      await runScenario(world, name, {
        fresh,
        random: createRandom(7),
        plan: new Map([[5, 'killed after']]),
      });
      traces.push(world.trace.join('\n'));
    }
    expect(traces[0]).to.equal(traces[1]).and.contain('killed after');
  });
});
