import type { Visitor } from '../adapters/store/contract.ts';

/** What happens in interactions, as the trunk logs and counts it. No event carries a secret. */

export interface InteractionEvents {
  signInStarted(facts: { readonly clientId: string; readonly platformHost: string }): void;
  signInFinished(facts: {
    readonly clientId: string;
    readonly platformHost: string;
    readonly accountId: string;
    readonly tookMs: number;
    /** Where the sign-in was begun; where it ends is where the request comes from. */
    readonly startedFrom: Visitor;
    /** IB's login, unix seconds, and whether it was made for this attempt or handed out from an earlier one. */
    readonly loginTime: number;
    readonly newLogin: boolean;
  }): void;
  /** The address of this sign-in has finished those of so many accounts within the hour. */
  manyAccounts(facts: { readonly accounts: number }): void;
  signInReused(facts: { readonly clientId: string; readonly accountId: string }): void;
  loginTokenRenewed(facts: {
    readonly platformHost: string;
    readonly renewals: number;
    /** `expired`, or why the user is asked to sign in once more. */
    readonly reason: string;
  }): void;
  signInRefused(facts: { readonly platformHost: string; readonly reason: string }): void;
  attemptExpired(facts: { readonly platformHost: string }): void;
  polled(facts: { readonly outcome: string }): void;
  consentDecided(facts: {
    readonly clientId: string;
    readonly accountId: string;
    readonly decision: 'allow' | 'deny';
    readonly scopes: readonly string[];
  }): void;
  cancelled(facts: { readonly clientId: string; readonly step: string }): void;
}
