/** IB's answers as typed values: loose in what is ignored, strict in what is used. Pure. */
import * as z from 'zod/mini';
import type { IbHostRule } from '../../config/hosts.ts';
import { once } from '../../config/once.ts';
import { mayServe, type PlatformUrl, parseApiUrl } from './platform-url.ts';
import { type IbSession, isSessionAlive, periodHours, sessionEnd } from './session.ts';

/** Why a login that IB confirmed is not accepted. */
export type RefusedReason =
  | 'api_host_not_allowed'
  | 'malformed_identity'
  /** The platform is tied to one customer of IB's and answers for another. */
  | 'other_client';

export type LoginInfo =
  | { readonly status: 'pending' }
  /** In IB's words. They may be its words for a token nobody has used yet, too: its age decides. */
  | { readonly status: 'expired' }
  | { readonly status: 'signed_in'; readonly session: IbSession }
  /** Signed in, with a session that by its own numbers has ended. Whether it has, a call with it tells. */
  | { readonly status: 'overdue'; readonly session: IbSession }
  | { readonly status: 'refused'; readonly reason: RefusedReason };

/** What is said where the login token, rather than the login, is missing. */
const EXPIRED_WORDS = /resource has expired/i;

/** The value of a JSON text, or undefined where it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const loginTokenAnswer = once(() =>
  z.object({ content: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,128}$/)) }),
);

/** The login token of IB's answer; undefined where the body is not IB's. */
export function parseLoginToken(text: string): string | undefined {
  const parsed = loginTokenAnswer().safeParse(parseJson(text));
  return parsed.success ? parsed.data.content : undefined;
}

const yapiAnswer = once(() => z.object({ content: z.string().check(z.startsWith('https://')) }));

/** Whether a body is IB's answer to the cheap probe. */
export function isYapiAddress(text: string): boolean {
  return yapiAnswer().safeParse(parseJson(text)).success;
}

/** Whether a body says that the login token has expired. */
export function saysExpired(text: string): boolean {
  return EXPIRED_WORDS.test(text);
}

/** Whether a body is an error in the API's own form, whatever it says. */
export function isIbError(text: string): boolean {
  const error = (parseJson(text) as { error?: unknown } | null | undefined)?.error;
  return error !== undefined && error !== null && error !== false;
}

/** What IB's API says of a sid that is dead: its error's key, its verbose form. */
const DEAD_SESSION_WORDS = /error\.authentication\.required|no valid session/i;
/** Whole errors that IB's own clients take for the same. Anywhere else these words may be about anything. */
const DEAD_SESSION_ERROR = /^\s*invalid (?:request|response)\.?\s*$/i;

/** Deeper than any error of IB's goes, and shallow enough for whatever a stranger sends. */
const ERROR_DEPTH = 4;

/** The texts in an error, however it is made up. */
function textsIn(value: unknown, depth = ERROR_DEPTH): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.values(value).flatMap((inner) => textsIn(inner, depth - 1));
}

/**
 * Whether an answer of the **API** host says that the sid it was asked with is dead: 401 in IB's own words. Any other 401,
 * and one of any other host, is not about the session. `text` is the body, in JSON or not.
 */
export function isDeadSession(answer: { readonly status: number; readonly text: string }): boolean {
  if (answer.status !== 401) return false;
  const json = parseJson(answer.text);
  if (typeof json !== 'object' || json === null) return DEAD_SESSION_WORDS.test(answer.text);
  const { error, ...beside } = json as Record<string, unknown>;
  const errors = textsIn(error);
  if (errors.some((words) => DEAD_SESSION_ERROR.test(words))) return true;
  // The verbose form may stand beside the error's key.
  const siblings = Object.values(beside).filter((value) => typeof value === 'string');
  return error !== undefined && [...errors, ...siblings].some((words) => DEAD_SESSION_WORDS.test(words));
}

/** What is read of an answer about a login, in two steps: without a sid nothing else counts. */
const loginAnswer = once(() => {
  const text = z.string().check(z.trim(), z.minLength(1), z.maxLength(512));
  /** An optional value: anything else counts as absent. */
  const loosely = <T extends z.ZodMiniType>(schema: T) => z.catch(z.optional(schema), undefined);
  const loose = loosely(text);
  const digits = z.string().check(z.trim(), z.regex(/^\d+(\.\d+)?$/));
  /** A number above 0: anything else counts as absent, 0 too, as that is how a loose API says nothing. */
  const positive = loosely(
    z.union([z.number(), z.pipe(digits, z.transform(Number))]).check(z.refine((value) => value > 0)),
  );

  /** A session id travels in a header: visible ASCII only. */
  const sid = loosely(z.string().check(z.regex(/^[\x21-\x7e]{1,512}$/)));
  const sidHolder = z.object({
    content: z.object({
      session: loosely(z.object({ sid })),
      info: loosely(z.object({ sid })),
    }),
  });

  const identity = z.object({
    content: z.object({
      // `originalUserUuid` is not read: where an administrator acts as another user, IB's session, its calls and its
      // names are that user's, so the subject is too. Who stands behind is IB's to allow and to record.
      session: loosely(z.object({ userUuid: loose, loginTime: positive })),
      info: z.object({
        clientid: text.check(z.regex(/^[A-Za-z0-9_-]{1,64}$/)),
        clientuuid: loose,
        clientname: loose,
        useruuid: loose,
        apiV3url: text,
        logintimeoutperiod: positive,
        firstname: loose,
        lastname: loose,
        email: loosely(z.pipe(text, z.email().check(z.maxLength(254)))),
      }),
    }),
  });
  return { sidHolder, identity };
});

const USER_UUID = /^[A-Za-z0-9-]{1,64}$/;

/** The user of an answer. Where it names two, session and names are not of one person, and nobody is signed in. */
function userUuidOf(ofSession: string | undefined, ofInfo: string | undefined): string | undefined {
  const userUuid = ofSession ?? ofInfo;
  if (userUuid === undefined || !USER_UUID.test(userUuid)) return undefined;
  return userUuid.toLowerCase() === (ofInfo ?? userUuid).toLowerCase() ? userUuid : undefined;
}

/** In seconds no login is so late: it would be in the year 5138. */
const LEAST_MILLISECONDS = 1e11;

/** A time in seconds, which IB states, or in milliseconds: taken for seconds, any session would be of this moment. */
function inSeconds(time: number): number {
  return time < LEAST_MILLISECONDS ? time : time / 1000;
}

/** What an answer with status 200 says. Without a session in it the user has not signed in yet. */
export function parseLoginInfo(
  body: string,
  facts: {
    readonly platform: PlatformUrl;
    readonly rules: readonly IbHostRule[];
    readonly nowSeconds: number;
  },
): LoginInfo {
  const json = parseJson(body);
  const { sidHolder, identity } = loginAnswer();
  const holder = sidHolder.safeParse(json);
  const found = holder.data?.content.session?.sid ?? holder.data?.content.info?.sid;
  if (found === undefined) return { status: 'pending' };

  const parsed = identity.safeParse(json);
  if (!parsed.success) return { status: 'refused', reason: 'malformed_identity' };
  const { session, info } = parsed.data.content;
  const userUuid = userUuidOf(session?.userUuid, info.useruuid);
  if (userUuid === undefined) return { status: 'refused', reason: 'malformed_identity' };
  const apiUrl = parseApiUrl(info.apiV3url, facts.rules);
  if (apiUrl === undefined) return { status: 'refused', reason: 'api_host_not_allowed' };
  if (![facts.platform.origin, apiUrl].every((origin) => mayServe(origin, info.clientid, facts.rules)))
    return { status: 'refused', reason: 'other_client' };

  // Absent: IB has just answered, so the login is no older than this moment. A clock ahead of ours gains nothing.
  const loginTime = Math.min(Math.floor(inSeconds(session?.loginTime ?? facts.nowSeconds)), facts.nowSeconds);
  const endsAt = sessionEnd(loginTime, info.logintimeoutperiod);
  const optional = {
    clientuuid: info.clientuuid,
    clientName: info.clientname,
    givenName: info.firstname,
    familyName: info.lastname,
    email: info.email,
  };
  return {
    status: isSessionAlive({ endsAt }, facts.nowSeconds) ? 'signed_in' : 'overdue',
    session: {
      sid: found,
      apiUrl,
      platformUrl: facts.platform.origin,
      clientid: info.clientid,
      userUuid,
      ...present(optional),
      loginTime,
      timeoutPeriodHours: periodHours(info.logintimeoutperiod),
      endsAt,
    },
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends Record<string, unknown>>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
