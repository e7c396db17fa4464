/** What the pages are made from. */
import type { Allowed, AskedAt } from '../decision.ts';
import type { WaitingState } from '../pages.ts';
import type { Texts } from '../texts/en.ts';

/** The operator's name, links and looks on every page; pages about an app have the app's looks. */
export interface Branding {
  readonly name: string;
  readonly supportUrl?: string;
  readonly privacyUrl?: string;
  readonly termsUrl?: string;
  readonly logoPath?: string;
  readonly stylePath?: string;
}

/** The scripts of pages; a page has one at most. */
export type ScriptName = 'sign-in.js' | 'go-on.js';

/** What every page needs besides its own model. */
export interface PageEnv {
  readonly texts: Texts;
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  readonly branding: Branding;
  /** The address of an asset, its content's hash in it. */
  readonly assetPath: (name: 'style.css' | 'details.css' | ScriptName) => string;
  /** The request's correlation id, for support. */
  readonly reference: string;
}

/** The app a page is about. */
export interface AppView {
  readonly name: string;
  /** Host of the redirect URI, or a native app's scheme. */
  readonly host: string;
  /** Of ours: the app's picture. */
  readonly logoPath?: string;
  /** No admin has entered the app: it registered itself, or its metadata document at `host` speaks for it. */
  readonly unverified?: { readonly by: 'registration' | 'document'; readonly host: string };
  readonly clientUri?: string;
  readonly policyUri?: string;
  readonly tosUri?: string;
}

/** Where a page's forms go, and the token that proves they are ours. */
export interface FormTarget {
  /** Path without a trailing slash; forms add `/platform` and the like. */
  readonly base: string;
  readonly csrf: string;
}

export interface PlatformModel {
  readonly form: FormTarget;
  readonly app: AppView;
  readonly value: string;
  readonly fault?: 'empty' | 'not_a_host' | 'not_allowed' | 'not_ib' | 'not_answering';
  readonly remembered: readonly { readonly host: string; readonly name?: string }[];
  readonly isSignInGone?: boolean;
  /** Whoever was signed in is not who sits here: IB may let the same person in once more. */
  readonly isForAnother?: boolean;
}

export interface WaitingModel {
  readonly form: FormTarget;
  readonly app: AppView;
  readonly platformHost: string;
  readonly state: WaitingState;
  /** Absent once the attempt is over. */
  readonly loginUrl?: string;
  readonly pollHandle: string;
  readonly intervalSeconds: number;
  /** Until help is offered; 0 where it is time. */
  readonly helpInMs: number;
}

export interface ConsentModel {
  readonly form: FormTarget;
  readonly app: AppView;
  readonly accountId: string;
  readonly personName: string;
  readonly platformHost: string;
  readonly scopes: readonly string[];
  readonly resources: readonly AskedAt[];
  /** What the user has allowed the app before, to mark what is new; undefined where nothing is known of it. */
  readonly before: Allowed | undefined;
  /** The page before was about somebody else. */
  readonly isAnotherPerson: boolean;
}

export interface ErrorModel {
  readonly kind:
    | 'lost'
    /** Lost, and the browser sent no cookie at all. */
    | 'cookies'
    /** A device's sign-in that is over: connected, or refused. */
    | 'device'
    | 'forged'
    | 'client'
    | 'redirect'
    | 'document'
    | 'resource'
    | 'missing'
    | 'limited'
    | 'busy'
    | 'server'
    | 'request';
  /** The protocol's own error code and sentence, for developers. */
  readonly error?: string;
  readonly description?: string;
  /** What the page's sentence names: the host of an app's metadata document, a resource. */
  readonly names?: Readonly<Record<string, string>>;
  /** Lines for an administrator to copy. */
  readonly toCopy?: string;
  /** What to do now. */
  readonly way?: {
    readonly text: 'errorRetry' | 'errorSignIn' | 'errorDevice' | 'accountTitle';
    readonly path: string;
  };
  /** Ends the sign-in. */
  readonly cancel?: FormTarget;
  /** The app that the user came from. */
  readonly app?: { readonly name: string; readonly home: string };
  /** The page opens the way by itself. */
  readonly isRetrying?: boolean;
  /** Takes the error to a redirect URI of the app's, whose scheme the rules for such URIs have allowed. */
  readonly backUrl?: string;
}

export interface SignOutModel {
  readonly action: string;
  readonly xsrf: string;
  /** The app that asks for it. */
  readonly appName?: string;
  /** Names of the apps whose access ends. */
  readonly ending: readonly string[];
  /** Names of the apps that go on, as the user allowed them to (`offline_access`). */
  readonly goingOn: readonly string[];
  readonly mostNamed: number;
}

/** Who goes on being signed in, and the app that asked for the end. */
export interface StayedModel {
  readonly personName?: string;
  readonly platformHost?: string;
  readonly app?: { readonly name: string; readonly home: string };
}

export interface DeviceCodeModel {
  readonly action: string;
  readonly xsrf: string;
  readonly value: string;
  /** `again`: the browser brought no session with the code. */
  readonly fault?: 'invalid' | 'stopped' | 'again';
  /** The code came with the address: the form only has to be sent. */
  readonly isGoingOn?: boolean;
}

/** A form that only has to be sent. */
export interface GoOnModel {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface DeviceConfirmModel {
  readonly action: string;
  readonly xsrf: string;
  readonly app: AppView;
  readonly userCode: string;
}

/** An app that may use an account; times in unix seconds. */
export interface AccountApp {
  readonly clientId: string;
  readonly name: string;
  /** Where it can be found again. */
  readonly home?: string;
  /** Its first use. */
  readonly createdAt: number;
  /** Where the browser was then, whether it is there now, and what it said of itself. */
  readonly firstFrom?: { readonly address: string; readonly isHere: boolean; readonly browser: string };
  readonly lastUsedAt: number;
}

export interface AccountModel {
  readonly csrf: string;
  /** The accounts signed in to in this browser, the active one first. */
  readonly accounts: readonly {
    readonly accountId: string;
    readonly name: string;
    readonly host: string;
    /** Of the sign-in, unix seconds. */
    readonly since: number;
    readonly until: number;
    /** Those that the search finds. */
    readonly apps: readonly AccountApp[];
    readonly appCount: number;
  }[];
  /** What is searched for; empty where nothing is. */
  readonly search: string;
  /** Unix seconds. */
  readonly now: number;
}
