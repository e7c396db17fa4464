/** What all steps of an interaction are handed. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { IbClient } from '../adapters/ib/client.ts';
import type { IbSession } from '../adapters/ib/session.ts';
import type { AttemptId, Store, Visitor } from '../adapters/store/contract.ts';
import type { Lifetimes } from '../config/lifetimes.ts';
import type { Allowed, Asked } from './decision.ts';
import type { InteractionEvents } from './events.ts';
import type { FormTokens } from './form-tokens.ts';
import type { InteractionPages } from './pages.ts';
import type { PlatformRules, PlatformSettings } from './platform.ts';
import type { SignIn } from './sign-in.ts';

/** What all steps are handed; `src` joins it. */
export interface InteractionDeps {
  readonly issuer: string;
  readonly provider: Pick<
    Provider,
    'interactionDetails' | 'interactionResult' | 'Interaction' | 'Client' | 'cookieName'
  >;
  readonly store: Pick<Store, 'attempts' | 'ibSessions' | 'platformClients' | 'noteSignIn' | 'hint'>;
  readonly ib: IbClient;
  readonly platforms: PlatformRules;
  readonly settings: (clientId: string) => PlatformSettings & { readonly skipConsent: boolean };
  readonly lifetimes: Lifetimes;
  readonly pages: InteractionPages;
  readonly events: InteractionEvents;
  /** What a request asks for, by its parameters and the configured resources. */
  readonly askedBy: (params: Readonly<Record<string, unknown>>) => Asked;
  /** The browser's sign-ins that have not ended, the active one first. */
  readonly signInsOf: (ctx: Context) => Promise<readonly SignIn[]>;
  /** Whether the browser's session holds a Grant of this app for the account. */
  readonly hasGrant: (ctx: Context, clientId: string, accountId: string) => Promise<boolean>;
  /** What the user has allowed the app in this browser before. */
  readonly allowedBefore: (ctx: Context, clientId: string, accountId: string) => Promise<Allowed | undefined>;
  readonly accountIdOf: (session: IbSession) => string;
  /** The handle of the IB session that an attempt brings, the same for each request that finishes it. */
  readonly ibSessionIdFor: (id: AttemptId, attemptId: string) => string;
  readonly formTokens: FormTokens;
  /** Where a request comes from. */
  readonly visitorOf: (ctx: Context) => Visitor;
  /** Whom an address stands for: an IPv6 subscriber has many. */
  readonly networkOf: (address: string) => string;
  /** Whether what a request asks for wants a login made for this very attempt. */
  readonly wantsNewLogin: (asked: Pick<Asked, 'scopes'>) => boolean;
  /** So many accounts may sign in from one address within an hour before it is told. */
  readonly accountsPerAddress: number;
  /** Told of a step that asked IB nothing, since the platform is left alone while it does not answer. */
  readonly leftAlone: (ctx: Context) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}
