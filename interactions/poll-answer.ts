/** What the waiting page's script is told; JSON as the contract fixes it. */
import type { Context } from 'koa';
import { handleOf, parseHandle, platformOf } from './attempt.ts';
import type { InteractionDeps } from './deps.ts';
import { loginSecretOf } from './login-cookie.ts';
import { type PollOutcome, poll } from './poll.ts';

/** Answers a poll of the waiting page's script. */
export async function answerPoll(deps: InteractionDeps, ctx: Context): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  const handle = parseHandle(ctx.query['token']);
  const browser = handle && loginSecretOf(ctx, deps.issuer, handle.uid);
  const unknown = { kind: 'unknown' } as const;
  const outcome =
    handle === undefined || browser === undefined
      ? unknown
      : await poll(
          deps,
          { uid: handle.uid, browser },
          { generation: handle.generation, isLooking: ctx.query['looking'] === '1' },
        );
  writePoll(deps, ctx, handle?.uid ?? '', outcome);
}

function writePoll(deps: InteractionDeps, ctx: Context, uid: string, outcome: PollOutcome): void {
  const failed = (status: number, error: string, description: string, more: object = {}): void => {
    ctx.status = status;
    ctx.body = { error, error_description: description, ...more };
  };
  const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
  switch (outcome.kind) {
    case 'pending':
      return failed(400, 'authorization_pending', 'the user has not signed in yet', {
        interval: seconds(outcome.intervalMs),
      });
    case 'too_soon':
      return failed(400, 'slow_down', 'asked too soon', { interval: seconds(outcome.intervalMs) });
    case 'over':
      return failed(400, 'expired_token', 'the login attempt is over');
    case 'unknown':
      return failed(400, 'invalid_request', 'no such login attempt in this browser');
    case 'trouble':
      ctx.set('Retry-After', String(seconds(outcome.retryAfterMs)));
      return failed(503, 'temporarily_unavailable', 'IntelligenceBank does not answer; the login goes on', {
        interval: seconds(outcome.retryAfterMs),
      });
    case 'renewed': {
      const { attempt } = outcome;
      const [newest] = attempt.loginTokens;
      ctx.body = {
        login_url: deps.ib.loginUrl(platformOf(attempt), newest?.value ?? ''),
        token: handleOf(uid, attempt),
        // Not every new link is for one that expired: the page says why the user is asked once more.
        ...(attempt.askedAgain === undefined ? {} : { reason: attempt.askedAgain }),
      };
      return;
    }
    case 'signed_in':
    case 'older_login':
      ctx.body = { redirect_url: `${deps.issuer}/interaction/${uid}` };
  }
}
