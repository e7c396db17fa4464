/** Every single fault at every single call. */
import { expect } from 'chai';
import type { EngineKind } from './engine.ts';
import { FAULTS, type Fault } from './faults.ts';
import { CLIENTS, FLOWS } from './flows.ts';
import { prepare, runOnce, singlesOf } from './runner.ts';
import { tableOf } from './table.ts';
import { createWorld, type Snapshot, type World } from './world.ts';

const ENGINES: Readonly<Record<EngineKind, string>> = {
  ordered: 'writes in an order, as on DynamoDB',
  whole: 'writes as a whole, as on SQLite',
};

/** Runs every flow with every fault at every call; a file of its own for each kind of engine, as they take long. */
export function describeSingleFaults(kind: EngineKind): void {
  describe(`every single fault at every single call (${ENGINES[kind]})`, function () {
    this.timeout(300_000);
    let world: World;
    let fresh: Snapshot;
    const counted = new Map<string, { readonly calls: number; readonly runs: Map<Fault, number> }>();

    before(async () => {
      world = await createWorld(CLIENTS, kind);
      fresh = world.snapshot();
    });
    after(async () => {
      await world.close();
      console.log(tableOf(counted));
    });

    for (const name of Object.keys(FLOWS)) {
      it(`loses, doubles and tells nothing wrong in: ${name}`, async () => {
        const prepared = await prepare(world, name, fresh);
        const runs = new Map(FAULTS.map((fault) => [fault, 0]));
        counted.set(name, { calls: prepared.calls.length, runs });
        for (const { at, fault } of singlesOf(prepared)) {
          const { violation } = await runOnce(world, prepared, new Map([[at, fault]]));
          const call = prepared.calls[at];
          expect(violation, `${fault} at ${call?.to} ${call?.name}\n${world.trace.join('\n')}`).to.equal(
            undefined,
          );
          runs.set(fault, (runs.get(fault) ?? 0) + 1);
        }
      });
    }
  });
}
