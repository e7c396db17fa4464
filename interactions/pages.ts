/** The pages of an interaction, as its routes see them: each writes the answer of one request. */
import type { LoginAttempt } from '../adapters/store/contract.ts';
import type { Allowed, Asked } from './decision.ts';
import type { SignIn } from './sign-in.ts';
import type { Client, Step } from './step.ts';

/** A platform this browser has used, newest first; `name` is the customer's own name for it. */
export interface RememberedPlatform {
  readonly host: string;
  readonly name?: string;
}

/** Why a platform cannot be used. */
export type PlatformFault = 'empty' | 'not_a_host' | 'not_allowed' | 'not_ib' | 'not_answering';

export interface PlatformQuestion {
  readonly value: string;
  readonly fault?: PlatformFault;
  readonly remembered: readonly RememberedPlatform[];
  /** Asked again, as the sign-in that the page before was about is gone. */
  readonly isSignInGone?: boolean;
  /** Asked again, as whoever was signed in is not who sits there. */
  readonly isForAnother?: boolean;
}

/** What a waiting page says. */
export type WaitingState =
  | 'waiting'
  /** Begun as the sign-in that the page before was about is gone. */
  | 'signed_out_elsewhere'
  | 'not_yet'
  | 'renewed'
  /** IB handed out a session that is over, or older than the request allows: the user is asked once more. */
  | 'session_over'
  | 'older_login'
  | 'not_answering'
  | 'too_old'
  | 'refused'
  /** Refused, as IB handed out a session that is over once more. */
  | 'refused_session_over'
  /** Refused, as the platform answers for another customer of IB's than it did. */
  | 'refused_other_client';

export interface Waiting {
  readonly attempt: LoginAttempt;
  readonly state: WaitingState;
  /** How long the user has been waiting. */
  readonly waitedMs: number;
  /** IB's login page; undefined once the attempt is over. */
  readonly loginUrl: string | undefined;
}

/** What a consent page is about: who is asked, and for what. */
export interface ConsentQuestion {
  readonly signIn: SignIn;
  readonly asked: Asked;
  /** What the user has allowed the app before; undefined where nothing is known of it. */
  readonly before: Allowed | undefined;
  /** The page before was about somebody else. */
  readonly isAnotherPerson: boolean;
}

export interface InteractionPages {
  platform(step: Step, question: PlatformQuestion): void;
  waiting(step: Step, waiting: Waiting): void;
  consent(step: Step, question: ConsentQuestion): void;
  /** The interaction is over, unknown, or another browser's; the app where it is known. */
  lost(ctx: Step['ctx'], client?: Client): void;
  /** The form did not come from our page. */
  forged(ctx: Step['ctx']): void;
}
