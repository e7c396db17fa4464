/** Limits over all processes: one counter item per window, taken from in blocks. */
import type { Limit, LimitGrant } from './contract.ts';
import type { AdapterDeps } from './oidc-adapter.ts';
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
        const item = await unit.guard(() =>
          engine.update(
            key,
            {
              text: 'SET expires = :expires ADD taken :count',
              values: { ':expires': Math.ceil(windowEndsAtMs / 1000) + windowSeconds, ':count': count },
            },
            { text: 'attribute_not_exists(taken) OR taken <= :room', values: { ':room': limit - count } },
          ),
        );
        return item !== undefined;
      });
    const wanted = Math.min(block, limit);
    if (await take(wanted)) return { granted: wanted, windowEndsAtMs };
    if (wanted > 1 && (await take(1))) return { granted: 1, windowEndsAtMs };
    return { granted: 0, windowEndsAtMs };
  };
}
