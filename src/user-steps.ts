/** The pages of ours that a user walks through, joined with what they stand on. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { IbClient } from '../adapters/ib/client.ts';
import { subjectOf } from '../adapters/ib/session.ts';
import type { Store } from '../adapters/store/contract.ts';
import { ibSessionIdFor } from '../adapters/store/handles.ts';
import type { Config } from '../config/types.ts';
import type { FormTokens } from '../interactions/form-tokens.ts';
import type { PlatformRules } from '../interactions/platform.ts';
import { createInteraction } from '../interactions/router.ts';
import { networkOf } from './http/address.ts';
import type { createDispatch } from './http/routes.ts';
import { createVisitorOf } from './http/visitor.ts';
import { createAccountPage } from './pages/account.ts';
import type { Pages } from './pages/pages.ts';
import { createAsked } from './provider/asked.ts';
import type { SessionReader } from './provider/browser-session.ts';
import type { ClientRegistry } from './provider/clients.ts';
import { createEndSignIn } from './provider/end-sign-in.ts';
import { wantsNewLogin } from './provider/policy.ts';
import { createResources } from './provider/resources.ts';
import type { Events } from './telemetry/events.ts';

interface UserStepsDeps {
  readonly config: Config;
  readonly issuer: string;
  readonly provider: Provider;
  readonly store: Store;
  readonly ib: IbClient;
  readonly platforms: PlatformRules;
  readonly registry: ClientRegistry;
  readonly pages: Pages;
  readonly sessions: SessionReader;
  readonly formTokens: FormTokens;
  readonly events: Events;
  readonly leftAlone: (ctx: Context) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

type Steps = Parameters<typeof createDispatch>[0];

/** The pages of ours that a user walks through. */
export function createUserSteps(deps: UserStepsDeps): Steps {
  const { config, provider, store, registry, pages, sessions, formTokens, events } = deps;
  const visitorOf = createVisitorOf(config.trustedProxies);
  const account = createAccountPage({
    provider,
    store,
    signInsOf: sessions.signInsOf,
    formTokens,
    render: pages.account,
    forged: pages.interaction.forged,
    onRevoked: events.accessTakenBack,
    onSignedOut: events.signedOut,
    endSignIn: createEndSignIn(provider, store),
    isConfigured: registry.isConfigured,
    visitorOf,
    nowSeconds: () => Math.floor(deps.now() / 1000),
  });
  const interaction = createInteraction({
    issuer: deps.issuer,
    provider,
    store,
    ib: deps.ib,
    platforms: deps.platforms,
    settings: registry.settings,
    lifetimes: config.lifetimes,
    pages: pages.interaction,
    events: events.interaction,
    askedBy: createAsked(createResources(deps.issuer, config.resources), config.resources),
    ...sessions,
    accountIdOf: subjectOf,
    ibSessionIdFor,
    formTokens,
    visitorOf,
    networkOf,
    wantsNewLogin: wantsNewLogin(config),
    accountsPerAddress: config.accountsPerAddress,
    leftAlone: deps.leftAlone,
    now: deps.now,
  });
  return {
    '/account': account.show,
    '/account/revoke': account.revoke,
    '/account/revoke-all': account.revokeAll,
    '/account/sign-out': account.signOut,
    '/interaction/:uid': interaction.show,
    '/interaction/:uid/platform': interaction.platform,
    '/interaction/:uid/continue': interaction.continue,
    '/interaction/:uid/restart': interaction.restart,
    '/interaction/:uid/other': interaction.other,
    '/interaction/:uid/consent': interaction.consent,
    '/interaction/:uid/cancel': interaction.cancel,
    '/authorize/poll': interaction.poll,
  };
}
