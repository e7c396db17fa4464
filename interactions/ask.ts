/** What IB says about the login tokens of an attempt: the newest, and earlier ones, since the user may sit in their tab. */
import type { IbTrouble } from '../adapters/ib/call.ts';
import type { LoginInfo } from '../adapters/ib/messages.ts';
import type { LoginAttempt, LoginToken } from '../adapters/store/contract.ts';
import { platformOf } from './attempt.ts';
import type { InteractionDeps } from './deps.ts';
import { isRecent } from './recency.ts';

type AskDeps = Pick<InteractionDeps, 'ib' | 'lifetimes' | 'now'>;
type Answer = LoginInfo | IbTrouble;

/**
 * The tokens to ask about now. The newest and the first, at whose link most users are, always; of those between, where they
 * are more than a few, some at a time, by chance, so that none is forgotten whatever the rhythm of the polls.
 */
function chosen(tokens: readonly LoginToken[], mostEarlier: number): readonly LoginToken[] {
  if (tokens.length <= mostEarlier + 1) return tokens;
  const between = tokens.slice(1, -1).map((token) => ({ token, draw: Math.random() }));
  const drawn = between.toSorted((a, b) => a.draw - b.draw).slice(0, mostEarlier - 1);
  return [...tokens.slice(0, 1), ...drawn.map(({ token }) => token), ...tokens.slice(-1)];
}

/** Asks about all of them at once, and resolves with the first sign-in that serves, else with what counts most. */
export async function askAbout(deps: AskDeps, attempt: LoginAttempt): Promise<Answer> {
  const platform = platformOf(attempt);
  const calls = chosen(attempt.loginTokens, deps.lifetimes.earlierLoginTokens).map(({ value }) =>
    deps.ib.checkLogin(platform, value, attempt.attemptId),
  );
  const all = Promise.all(calls).then(weigh);
  const serving = calls.map(async (call) => {
    const answer = await call;
    // The others' answers are not waited for.
    return answer.status === 'signed_in' && serves(deps, attempt, answer) ? answer : all;
  });
  return Promise.race(serving);
}

function serves(
  deps: AskDeps,
  attempt: LoginAttempt,
  { session }: LoginInfo & { status: 'signed_in' },
): boolean {
  return isRecent(session, attempt.recency, Math.floor(deps.now() / 1000));
}

/** Sessions before refusals, whichever token they came with; else what is said of the newest. */
function weigh(answers: readonly Answer[]): Answer {
  const of = (status: Answer['status']): Answer | undefined =>
    answers.find((answer) => answer.status === status);
  const [newest = { status: 'pending' } as const] = answers;
  return of('signed_in') ?? of('overdue') ?? of('refused') ?? newest;
}
