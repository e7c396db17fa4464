/** Limits over all processes: one counter item per window, taken from in blocks. */
import { absent, add, any, atMost, set } from './conditions.ts';
import type { Limit, LimitGrant } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { recordKey } from './records.ts';

const MODEL = 'RateLimit';

/** Takes from a window's counter; conditional, so that the limit is never passed. */
export function createLimiter(deps: AdapterDeps): (limit: Limit) => Promise<LimitGrant> {
  const { engine, units } = deps;
  return async ({ name, subject, limit, windowSeconds, block }) => {
    const window = Math.floor(deps.now() / 1000 / windowSeconds);
    const windowEndsAtMs = (window + 1) * windowSeconds * 1000;
    const key = recordKey(MODEL, `${name}\0${subject}\0${window}`);
    const take = (count: number): Promise<boolean> =>
      units.within(async (unit) => {
        const expires = Math.ceil(windowEndsAtMs / 1000) + windowSeconds;
        const { held } = await unit.guard(() =>
          engine.decide({
            op: 'update',
            key,
            changes: [set('expires', expires), add('taken', count)],
            condition: any(absent('taken'), atMost('taken', limit - count)),
          }),
        );
        return held;
      });
    const wanted = Math.min(block, limit);
    if (await take(wanted)) return { granted: wanted, windowEndsAtMs };
    if (wanted > 1 && (await take(1))) return { granted: 1, windowEndsAtMs };
    return { granted: 0, windowEndsAtMs };
  };
}
