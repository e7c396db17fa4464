/** dynalite in a process of its own, so that its CPU time is not counted as the provider's. */
import { makeTables, startDynalite } from '../test/support/dynalite.ts';

const engine = await startDynalite();
await makeTables(engine.client, { state: 'ib-oauth-state-bench', tokens: 'ib-oauth-tokens-bench' });
process.send?.({ endpoint: engine.endpoint });
process.on('disconnect', () => void engine.close());
