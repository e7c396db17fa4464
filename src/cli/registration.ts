/** `client registration-token`: initial access tokens (RFC 7591 section 3) for `REGISTRATION=token`. */
import { randomBytes } from 'node:crypto';
import type { Store } from '../../adapters/store/contract.ts';
import { CommandError, type Output, withStore } from './context.ts';

const MODEL = 'InitialAccessToken';
const MOST_HOURS = 30 * 24;

/** A token that lets apps register themselves for so many seconds, as node-oidc-provider stores such. */
export async function issueRegistrationToken(
  store: Pick<Store, 'adapter'>,
  { seconds, nowSeconds }: { readonly seconds: number; readonly nowSeconds: number },
): Promise<string> {
  const value = `ibia_${randomBytes(32).toString('base64url')}`;
  const payload = { iat: nowSeconds, exp: nowSeconds + seconds, jti: value, kind: MODEL };
  await store.adapter(MODEL).upsert(value, payload, seconds);
  return value;
}

/** Makes a token and shows it once. */
export async function createRegistrationToken(hours: number, output: Output): Promise<void> {
  if (!Number.isInteger(hours) || hours < 1 || hours > MOST_HOURS) {
    throw new CommandError([`--hours: must be a whole number from 1 to ${MOST_HOURS}`]);
  }
  const nowSeconds = Math.floor(Date.now() / 1000);
  const token = await withStore((store) =>
    issueRegistrationToken(store, { seconds: hours * 3600, nowSeconds }),
  );
  output.result({ initial_access_token: token, expires_in: hours * 3600 }, [
    `initial access token: ${token}`,
    `Shown this once; works at /register for ${hours} hours, as a bearer token.`,
  ]);
}
