import { expect } from 'chai';
import { StoreError } from '../../adapters/store/errors.ts';
import { CLIENTS } from './flows.ts';
import { isAlive, keep, newRun, type Run, signedIn } from './steps.ts';
import { createWorld, type World } from './world.ts';

const SESSIONS = 50;
/** A minute for each, who is told to come back in five seconds. */
const REFUSALS = 12;

for (const kind of ['ordered', 'whole'] as const) {
  describe(`a store that takes no writes for a minute (writes ${kind === 'whole' ? 'as a whole' : 'in an order'})`, function () {
    this.timeout(60_000);
    let world: World;
    before(async () => {
      world = await createWorld(CLIENTS, kind);
    });
    after(() => world.close());

    it(`loses none of ${SESSIONS} sessions that refresh meanwhile`, async () => {
      const runs: Run[] = [];
      for (let count = 0; count < SESSIONS; count += 1) {
        const run = newRun(world);
        await signedIn(run);
        runs.push(run);
      }
      world.onTurn = async (_actor, call) => {
        const isOver = runs.every(({ seen }) => seen.asked >= REFUSALS);
        if (isOver || /^store (read|query)/.test(call)) return;
        throw new StoreError({ code: 'throttled', operation: 'write', engineError: 'ThrottlingException' });
      };
      await Promise.all(
        runs.map(async (run) => {
          const { status, body } = await run.apps.refresh(run.facts['refresh_token']);
          expect(status, JSON.stringify(body)).to.equal(200);
          keep(run, body);
        }),
      );
      world.onTurn = undefined;
      for (const { seen } of runs) expect(seen.asked).to.be.at.least(REFUSALS);
      for (const run of runs) await isAlive(run);
      expect(new Set(runs.map(({ facts }) => facts['refresh_token'])).size).to.equal(SESSIONS);
    });
  });
}
