/**
 * The browser's session. node-oidc-provider's knows one account; an IB user may be signed in to several platforms at
 * once, one account on each. This adds to the session what stands behind each account, and parks all but one.
 *
 * The model's class is replaced on the provider instance: the library offers no field of the session for the deployer's
 * own data.
 */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import type { Allowed } from '../../interactions/decision.ts';
import type { SignIn } from '../../interactions/sign-in.ts';
import { sessionToGoOnIn } from './asked-again.ts';
import { scopeOfClaim } from './scopes.ts';

type SessionModel = InstanceType<Provider['Session']>;
type Authorizations = SessionModel['authorizations'];

interface ParkedSignIn extends SignIn {
  /** The apps' grants of this account, while another account is the active one. */
  readonly authorizations?: Authorizations;
}

/** A session of node-oidc-provider with this product's sign-ins. */
export type BrowserSession = SessionModel & {
  /** By account: the IB session behind each sign-in of this browser. */
  signIns?: Record<string, ParkedSignIn>;
  oldId?: string;
};

/** The sign-in that the session's active account stands on. */
export function activeSignIn(session: BrowserSession): SignIn | undefined {
  return session.accountId === undefined ? undefined : session.signIns?.[session.accountId];
}

/** Makes an account the active one, parking the one that was. Grants stay with their account. */
export function activate(session: BrowserSession, accountId: string, signIn: SignIn): void {
  const signIns = { ...session.signIns };
  const current = session.accountId;
  if (current !== undefined && current !== accountId) {
    const parked = signIns[current];
    if (parked !== undefined && session.authorizations !== undefined) {
      signIns[current] = { ...parked, authorizations: session.authorizations };
    }
    const { authorizations } = signIns[accountId] ?? {};
    session.authorizations = authorizations ?? {};
  }
  signIns[accountId] = signIn;
  session.signIns = signIns;
  if (current !== undefined) {
    session.accountId = accountId;
    session.loginTs = signIn.loginTime;
  }
}

/** The sign-ins of a session that have not ended, `nowSeconds` being unix time. */
export function liveSignIns(session: BrowserSession | undefined, nowSeconds: number): SignIn[] {
  return Object.values(session?.signIns ?? {}).filter((signIn) => signIn.endsAt > nowSeconds);
}

/** What the session knows of each app's access, of all accounts. */
export function authorizationsOf(
  session: BrowserSession,
): { readonly clientId: string; readonly persistsLogout: boolean }[] {
  const { authorizations = {}, signIns = {}, accountId } = session;
  const parked = Object.entries(signIns)
    .filter(([account]) => account !== accountId)
    .map(([, signIn]) => signIn.authorizations ?? {});
  return [authorizations, ...parked].flatMap((known) =>
    Object.entries(known as Readonly<Record<string, Pick<Parked, 'persistsLogout'>>>).map(
      ([clientId, { persistsLogout = false }]) => ({ clientId, persistsLogout }),
    ),
  );
}

const RESUME_ROUTES: ReadonlySet<string> = new Set(['resume', 'device_resume']);

/** What an interaction's result says of a finished sign-in. */
function signInOf(result: unknown): SignIn | undefined {
  return (result as { signIn?: SignIn } | undefined)?.signIn;
}

/** Gives a provider the sessions described above. */
export function installBrowserSessions(provider: Provider, store: Pick<Store, 'signOut'>): void {
  const Base = provider.Session as unknown as SessionClass;
  const { Session } = {
    // The class's name is the model's name, which adapters and stored payloads go by.
    Session: class Session extends Base {
      constructor(payload?: unknown) {
        super(payload);
        // The id starts with the uid, so that the session is found by either with one read.
        if (!this.jti.startsWith(this.uid)) this.jti = this.uid + this.jti;
      }

      static override get IN_PAYLOAD(): string[] {
        return [...super.IN_PAYLOAD, 'signIns'];
      }

      static override async get(ctx: KoaContextWithOIDC): Promise<SessionModel> {
        const own = await super.get(ctx);
        if (ctx.oidc === undefined || !RESUME_ROUTES.has(ctx.oidc.route)) return own;
        const result = await resultOf(provider, ctx);
        const signIn = result?.login === undefined ? undefined : signInOf(result);
        if (signIn === undefined) {
          keepIdentifier(own);
          return own;
        }
        const session = await sessionToGoOnIn(provider, own, result);
        // Somebody who was signed in has allowed an app: nobody signed in anew.
        const { [signIn.accountId]: known } = (session as BrowserSession).signIns ?? {};
        if (session === own && known?.ibSessionId === signIn.ibSessionId) keepIdentifier(session);
        // Before the library compares accounts: a sign-in to another platform must not end the first one.
        activate(session as BrowserSession, signIn.accountId, signIn);
        return session;
      }

      /** The library tells apps of the active account's end, and revokes its grants; parked ones end the same way. */
      override async destroy(): Promise<void> {
        const { signIns = {}, accountId } = this as BrowserSession;
        for (const [account, { authorizations = {} }] of Object.entries(signIns)) {
          if (account !== accountId) await endApps(provider, account, authorizations);
        }
        // What a request of another tab has added counts too. The session itself goes last: sign-out may be repeated.
        for (const signIn of Object.values(signIns)) await store.signOut(signIn);
        await super.destroy();
      }

      override resetIdentifier(): void {
        super.resetIdentifier();
        this.id = this.uid + this.id;
      }
    },
  };
  Object.defineProperty(provider, 'Session', { value: Session });
}

/**
 * A new id is for a browser in which somebody has just signed in, against whoever knew the one before (session fixation).
 * The library gives one at each return, also where only the app was allowed: other tabs would come with the id before.
 */
function keepIdentifier(session: SessionModel): void {
  Object.defineProperty(session, 'resetIdentifier', {
    value: () => Object.assign(session, { touched: true }),
  });
}

interface Parked {
  readonly sid?: string;
  readonly grantId?: string;
  readonly persistsLogout?: boolean;
}

/** Ends what the apps of an account may do, and tells them. */
export async function endApps(
  provider: Provider,
  account: string,
  authorizations: NonNullable<Authorizations>,
): Promise<void> {
  for (const [clientId, authorization] of Object.entries(authorizations)) {
    await endParked(provider, { account, clientId, ...(authorization as Parked) });
  }
}

async function endParked(
  provider: Provider,
  { account, clientId, sid, grantId, persistsLogout }: Parked & { account: string; clientId: string },
): Promise<void> {
  if (grantId !== undefined && persistsLogout !== true) await provider.Grant.adapter.destroy(grantId);
  const client = (await provider.Client.find(clientId).catch(() => undefined)) as
    | { backchannelLogoutUri?: string; backchannelLogout(account: string, sid?: string): Promise<void> }
    | undefined;
  if (client?.backchannelLogoutUri !== undefined) await client.backchannelLogout(account, sid);
}

/** What the user's steps have come to, in the interaction that a request goes on with. */
async function resultOf(
  provider: Provider,
  ctx: KoaContextWithOIDC,
): Promise<InstanceType<Provider['Interaction']>['result']> {
  const id = ctx.cookies.get(provider.cookieName('resume'), { signed: true });
  const interaction = id === undefined ? undefined : await provider.Interaction.find(id);
  return interaction?.result;
}

/** The parts of the library's Session class that are built upon. */
type SessionClass = {
  new (payload?: unknown): SessionModel & { jti: string; uid: string; id: string };
  readonly IN_PAYLOAD: string[];
  get(ctx: KoaContextWithOIDC): Promise<SessionModel>;
};

/** What the interaction's steps ask of the browser's session. */
export interface SessionReader {
  signInsOf(ctx: Context): Promise<readonly SignIn[]>;
  hasGrant(ctx: Context, clientId: string, accountId: string): Promise<boolean>;
  /** What the user has allowed an app in this browser; undefined where that is nothing. */
  allowedBefore(ctx: Context, clientId: string, accountId: string): Promise<Allowed | undefined>;
  /** The app that has asked for a sign-out which is not decided yet. */
  leavingFor(ctx: Context): Promise<string | undefined>;
}

/** The Grant of an app under an account, be it the active one or parked. */
function grantIdIn(
  session: BrowserSession | undefined,
  clientId: string,
  accountId: string,
): string | undefined {
  const isActive = session?.accountId === accountId;
  const known = isActive ? session.authorizations : session?.signIns?.[accountId]?.authorizations;
  return known?.[clientId]?.grantId;
}

/** Reads sessions for the interaction's steps: live sign-ins, the active account's first. */
export function createSessionReader(provider: Provider, nowSeconds: () => number): SessionReader {
  async function read(ctx: Context): Promise<BrowserSession | undefined> {
    const id = ctx.cookies.get(provider.cookieName('session'), { signed: true });
    return id === undefined ? undefined : ((await provider.Session.find(id)) as BrowserSession | undefined);
  }
  return {
    async signInsOf(ctx) {
      const session = await read(ctx);
      const active = session?.accountId;
      return liveSignIns(session, nowSeconds()).toSorted(
        (a, b) => Number(b.accountId === active) - Number(a.accountId === active),
      );
    },
    async hasGrant(ctx, clientId, accountId) {
      return grantIdIn(await read(ctx), clientId, accountId) !== undefined;
    },
    async allowedBefore(ctx, clientId, accountId) {
      const grantId = grantIdIn(await read(ctx), clientId, accountId);
      const grant = grantId === undefined ? undefined : await provider.Grant.find(grantId);
      if (grant?.accountId !== accountId || grant.clientId !== clientId) return undefined;
      const at = Object.keys(grant.resources ?? {}).map(
        (identifier) => [identifier, grant.getResourceScope(identifier).split(' ')] as const,
      );
      const claimed = grant.getOIDCClaims().flatMap((name) => scopeOfClaim(name) ?? []);
      return { scopes: [...grant.getOIDCScope().split(' '), ...claimed], resources: new Map(at) };
    },
    async leavingFor(ctx) {
      const { clientId } = ((await read(ctx))?.state ?? {}) as { clientId?: unknown };
      return typeof clientId === 'string' ? clientId : undefined;
    },
  };
}
