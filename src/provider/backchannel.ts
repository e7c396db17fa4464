/** Back-channel logout (OpenID Connect Back-Channel Logout 1.0): told whatever becomes of it, and tried again. */
import type Provider from 'oidc-provider';
import { AddressRefusedError } from '../../adapters/ib/http-agent.ts';

/** How one attempt to tell an app of a sign-out went. */
export interface LogoutCall {
  readonly clientId: string;
  readonly accountId: string;
  /** The app's host, as it is registered. */
  readonly host: string;
  readonly attempt: number;
  /** `failed`: it is tried again; `given_up`: it is not. */
  readonly outcome: 'delivered' | 'failed' | 'given_up';
  readonly reason?: string;
}

interface BackchannelDeps {
  readonly onCall: (call: LogoutCall) => void;
  readonly limits: { readonly backchannelAttempts: number; readonly backchannelRetryMs: number };
}

interface ClientInstance {
  readonly clientId: string;
  readonly backchannelLogoutUri?: string;
  backchannelLogout(accountId: string, sid: string): Promise<void>;
}

/**
 * The user waits for the first attempt only. Further ones follow by themselves, each after five times as long; they are
 * this process's, and end with it: an app must not rely on being told (section 2.4 of the specification).
 */
export function installBackchannel(provider: Provider, { onCall, limits }: BackchannelDeps): void {
  const prototype = provider.Client.prototype as unknown as ClientInstance;
  const call = prototype.backchannelLogout;

  /** True where the app has been told. */
  async function attempt(client: ClientInstance, session: Told, number: number): Promise<boolean> {
    const { accountId, sid } = session;
    const facts = {
      clientId: client.clientId,
      accountId,
      host: URL.parse(client.backchannelLogoutUri ?? '')?.host ?? '',
      attempt: number,
    };
    try {
      await call.call(client, accountId, sid);
      onCall({ ...facts, outcome: 'delivered' });
      return true;
    } catch (error) {
      const outcome = number < limits.backchannelAttempts ? 'failed' : 'given_up';
      onCall({ ...facts, outcome, reason: reasonOf(error) });
      return false;
    }
  }

  function again(client: ClientInstance, session: Told, number: number): void {
    if (number > limits.backchannelAttempts) return;
    const waitMs = limits.backchannelRetryMs * 5 ** (number - 2);
    setTimeout(async () => {
      if (!(await attempt(client, session, number))) again(client, session, number + 1);
    }, waitMs).unref();
  }

  prototype.backchannelLogout = async function (this: ClientInstance, accountId, sid) {
    const session = { accountId, sid };
    if (!(await attempt(this, session, 1))) again(this, session, 2);
  };
}

interface Told {
  readonly accountId: string;
  readonly sid: string;
}

/** Why an attempt failed, in words of ours: an app's answer never reaches a log. */
function reasonOf(error: unknown): string {
  const { response, cause, name } = error as { response?: Response; cause?: unknown; name?: string };
  if (response !== undefined) return `status ${response.status}`;
  if (cause instanceof AddressRefusedError) return 'address not public (APP_HOSTS)';
  return name === 'TimeoutError' ? 'no answer in time' : 'not reached';
}
