/** dynalite in a process of its own, so that its CPU time is not counted as the provider's. */
import { startEmbedded } from '../adapters/store/engines/embedded.ts';

const engine = await startEmbedded({
  dataDir: ':memory:',
  tables: { state: 'ib-oauth-state-bench', tokens: 'ib-oauth-tokens-bench' },
});
process.send?.({ endpoint: engine.endpoint });
process.on('disconnect', () => void engine.close());
