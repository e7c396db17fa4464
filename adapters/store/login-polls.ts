/** The right to ask IB about a login: one poll at a time, in its time, for a page that somebody sees. */
import type { AttemptRecords } from './attempt-records.ts';
import { above, all, any, atMost, type Condition, equals, set, setSum } from './conditions.ts';
import type { AttemptId, LoginAttempt, LoginAttempts, PollWish } from './contract.ts';
import type { AdapterDeps } from './deps.ts';

/** Whether the user looks at the page and IB may be asked for that; a sight ahead of this clock is another process's. */
function looked({ nowMs, lookMs }: PollWish): Condition {
  const isAnew = any(atMost('seenAtMs', nowMs - lookMs), above('seenAtMs', nowMs));
  return all(atMost('retryAtMs', nowMs), isAnew);
}

/** When IB may be asked: at its time, or where the user looks at the page. */
function dueFor(wish: PollWish): Condition {
  const inTime = atMost('nextPollAtMs', wish.nowMs);
  return wish.isLooking ? any(inTime, looked(wish)) : inTime;
}

/** The part of the attempts that polls use. */
export function createLoginPolls(
  units: AdapterDeps['units'],
  { current, decide, attemptOf }: AttemptRecords,
): Pick<LoginAttempts, 'claimPoll' | 'see'> {
  /** Takes the right to ask IB once, if it is `due`; the attempt as it stands then. */
  async function claim(id: AttemptId, wish: PollWish, due: Condition): Promise<LoginAttempt | undefined> {
    const { generation, nowMs, unseenMs } = wish;
    const condition = all(
      equals('status', 'pending'),
      equals('generation', generation),
      due,
      above('seenAtMs', nowMs - unseenMs),
      above('expires', Math.floor(nowMs / 1000)),
    );
    const changes = [setSum('nextPollAtMs', 'intervalMs', nowMs), set('seenAtMs', nowMs)];
    return attemptOf(id, await decide(id, changes, condition));
  }

  return {
    claimPoll: (id, wish) =>
      units.within(async () => {
        const claimed = await claim(id, wish, dueFor(wish));
        if (claimed !== undefined) return { outcome: 'claimed', attempt: claimed };
        const attempt = await current(id);
        if (attempt === undefined) return { outcome: 'unknown' };
        // Written by a process whose clock is ahead: by this one's, nobody waits for longer than an interval.
        if (attempt.nextPollAtMs > wish.nowMs + attempt.intervalMs) {
          const anyway = await claim(id, wish, equals('nextPollAtMs', attempt.nextPollAtMs));
          if (anyway !== undefined) return { outcome: 'claimed', attempt: anyway };
        }
        return { outcome: 'not_yet', attempt };
      }),

    see: async (id, { attemptId }, nowMs) => {
      const isIt = all(equals('status', 'pending'), equals('attemptId', attemptId));
      await decide(id, [set('seenAtMs', nowMs)], isIt);
    },
  };
}
