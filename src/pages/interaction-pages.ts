import { handleOf } from '../../interactions/attempt.ts';
import type { InteractionPages } from '../../interactions/pages.ts';
import type { Client, Step } from '../../interactions/step.ts';
import { consentPage } from '../../interactions/views/consent.ts';
import { platformPage, waitingPage } from '../../interactions/views/interaction.ts';
import type { AppView, ErrorModel, FormTarget, PageEnv } from '../../interactions/views/models.ts';
import { nameOfApp, nameOfPerson } from './app-name.ts';
import { type AppViewOf, homeOf } from './app-view.ts';
import type { Failed } from './error-pages.ts';
import type { EnvOf } from './page-env.ts';
import type { Write } from './write.ts';

/** Who waits longer may have lost the window, or have another platform in mind. */
const HELP_AFTER_MS = 60_000;

export interface InteractionPagesDeps {
  readonly isConfigured: (clientId: string) => boolean;
  readonly appViewOf: AppViewOf;
  readonly write: Write;
  readonly envOf: EnvOf;
  readonly failed: Failed;
}

/** The pages of a sign-in. */
export function createInteractionPages(deps: InteractionPagesDeps): InteractionPages {
  const { isConfigured, appViewOf, write, envOf, failed } = deps;
  const envOfStep = ({ ctx, interaction, client }: Step): PageEnv =>
    envOf(ctx, interaction.params['ui_locales'], client.clientId);
  const about = (step: Step): { form: FormTarget; app: AppView } => ({
    form: { base: `/interaction/${step.interaction.uid}`, csrf: step.csrf },
    app: appViewOf(step.client, step.interaction.params['redirect_uri']),
  });
  /** A configured app, where it can be found again; whoever registered itself leads nobody anywhere. */
  const placeOf = (client: Client | undefined): Pick<ErrorModel, 'app'> => {
    const home = client && isConfigured(client.clientId) ? homeOf(client) : undefined;
    return client === undefined || home === undefined ? {} : { app: { name: nameOfApp(client), home } };
  };
  return {
    platform(step, question) {
      write(step.ctx, platformPage({ ...about(step), ...question }, envOfStep(step)), 'back to the app');
      if (question.fault !== undefined && step.ctx.method === 'POST') step.ctx.status = 422;
    },
    waiting(step, { attempt, state, waitedMs, loginUrl }) {
      const model = {
        ...about(step),
        state,
        platformHost: new URL(attempt.platformOrigin).host,
        ...(loginUrl === undefined ? {} : { loginUrl }),
        pollHandle: handleOf(step.interaction.uid, attempt),
        intervalSeconds: Math.ceil(attempt.intervalMs / 1000),
        helpInMs: Math.max(0, HELP_AFTER_MS - waitedMs),
      };
      write(step.ctx, waitingPage(model, envOfStep(step)), 'back to the app');
    },
    consent(step, { signIn, asked, before, isAnotherPerson }) {
      const model = {
        ...about(step),
        accountId: signIn.accountId,
        personName: nameOfPerson(signIn),
        platformHost: new URL(signIn.platformOrigin).host,
        scopes: asked.permissions,
        resources: asked.resources,
        before,
        isAnotherPerson,
      };
      write(step.ctx, consentPage(model, envOfStep(step)), 'back to the app');
    },
    lost: (ctx, client) => failed(ctx, 400, { kind: 'lost', ...placeOf(client) }),
    forged: (ctx) => failed(ctx, 403, { kind: 'forged' }),
  };
}
