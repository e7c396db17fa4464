/** What the parts of the store are handed. */
import type { IbSession } from '../ib/session.ts';
import type { Engine } from './engine.ts';
import type { Sealer } from './seal.ts';
import type { UnitsOfWork } from './unit-of-work.ts';

/** Engine, units of work, sealer and clock: what every kind of record stands on. */
export interface AdapterDeps {
  readonly engine: Engine;
  readonly units: UnitsOfWork;
  readonly sealer: Sealer;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told of an IB session that was deleted with its last Grant; must not reject. */
  readonly onIbSessionEnded?: (session: IbSession) => Promise<void>;
}
