/**
 * A decision whose answer was lost may be asked for once more. It then goes on in the session and with the Grant that it led
 * to the first time, and leads to nothing where they have ended meanwhile: a sign-out holds, whoever goes back.
 */
import type Provider from 'oidc-provider';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';

type SessionModel = InstanceType<Provider['Session']>;
type InteractionModel = InstanceType<Provider['Interaction']>;

/** What a decision has led to: the uid of a session, and the id of a Grant where it got so far. */
interface LedTo {
  readonly session: string;
  readonly grant?: string;
}

const ledToIn = (result: unknown): LedTo | undefined => (result as { ledTo?: LedTo } | undefined)?.ledTo;

/** Notes in a request's interaction what its decision has led to. */
export function noteWhatItLedTo({ entities, session }: KoaContextWithOIDC['oidc']): void {
  const { Interaction: interaction, Grant: grant } = entities;
  if (interaction?.result?.login === undefined || session === undefined) return;
  const ledTo: LedTo = { session: session.uid, ...(grant === undefined ? {} : { grant: grant.jti }) };
  interaction.result = { ...interaction.result, ledTo };
}

/** The session that a decision goes on in, `session` being the browser's; throws `SessionNotFound`. */
export async function sessionToGoOnIn(
  provider: Provider,
  session: SessionModel,
  result: InteractionModel['result'],
): Promise<SessionModel> {
  const ledTo = ledToIn(result);
  if (ledTo === undefined) return session;
  const [made, grant] = await Promise.all([
    ledTo.session === session.uid ? session : provider.Session.findByUid(ledTo.session),
    ledTo.grant === undefined ? true : provider.Grant.find(ledTo.grant),
  ]);
  const { signIns = {} } = (made ?? {}) as { signIns?: Readonly<Record<string, unknown>> };
  const isSignedIn = signIns[result?.login?.accountId ?? ''] !== undefined;
  if (made === undefined || !isSignedIn || grant === undefined) {
    throw new errors.SessionNotFound('what this sign-in led to has ended');
  }
  // The browser never heard of the session; one that has since signed in elsewhere stays where it is.
  return session.accountId === undefined ? made : session;
}
