/**
 * The form of the token values this provider issues. A value carries the handles of what it stands on, so that token,
 * Grant and IB session are read in one batch:
 *
 *     ibat_ <IB session: 22> <grant: 22> <random: 43>      (base64url characters; 128, 128 and 256 bits)
 *
 * A Grant's id is the first two parts joined. None of the handles is accepted anywhere as a credential.
 */
import { createHash, createHmac, type KeyObject, randomBytes } from 'node:crypto';
import type { AttemptId } from './contract.ts';

const HANDLE_LENGTH = 22;
const RANDOM_LENGTH = 43;
const GRANT_ID_LENGTH = 2 * HANDLE_LENGTH;

/** Prefixes by model; also what lets a lookup of the wrong kind of token end without a read. */
const PREFIXES = {
  AccessToken: 'ibat_',
  RefreshToken: 'ibrt_',
  AuthorizationCode: 'ibac_',
  DeviceCode: 'ibdc_',
  ClientCredentials: 'ibcc_',
} as const satisfies Record<string, string>;

/** Models whose values carry a prefix. */
export type PrefixedModel = keyof typeof PREFIXES;

const BASE64URL = /^[A-Za-z0-9_-]+$/;

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

/**
 * The handle of the IB session that a login attempt brings, 22 characters: the same for whoever finishes it, so that what two
 * requests of one browser give at once stands on one session. Nobody can tell it who lacks the browser's secret.
 */
export function ibSessionIdFor({ uid, browser }: AttemptId, attemptId: string): string {
  const digest = createHash('sha256').update(`ib session\0${browser}\0${uid}\0${attemptId}`).digest();
  return digest.subarray(0, 16).toString('base64url');
}

/** A new Grant id under an IB session: 44 characters. */
export function newGrantId(ibSessionId: string): string {
  return ibSessionId + random(16);
}

/** The IB session that a Grant stands on, or undefined for an id not made by `newGrantId`. */
export function ibSessionIdOf(grantId: string): string | undefined {
  return grantId.length === GRANT_ID_LENGTH && BASE64URL.test(grantId)
    ? grantId.slice(0, HANDLE_LENGTH)
    : undefined;
}

/** A new token value of the given model, under a Grant where it has one. */
export function newTokenValue(model: PrefixedModel, grantId: string | undefined): string {
  return `${PREFIXES[model]}${grantId ?? ''}${random(32)}`;
}

/**
 * The value that a repeated refresh must produce again: derived from the refresh token that was rotated, so that a
 * client that lost the answer and repeats the request gets the same pair, and no second family comes into being.
 */
export function successorTokenValue(facts: {
  readonly model: 'AccessToken' | 'RefreshToken';
  readonly grantId: string;
  readonly rotated: string;
  /** What else shapes the token, such as a narrower scope. */
  readonly context: string;
  readonly key: KeyObject;
}): string {
  const derived = createHmac('sha256', facts.key)
    .update(`successor\0${facts.model}\0${facts.rotated}\0${facts.context}`)
    .digest('base64url');
  return `${PREFIXES[facts.model]}${facts.grantId}${derived}`;
}

/** Whether a presented value can be one of this model's at all. */
export function isTokenValueOf(model: PrefixedModel, value: string): boolean {
  const prefix = PREFIXES[model];
  if (!value.startsWith(prefix)) return false;
  const rest = value.length - prefix.length;
  return (rest === RANDOM_LENGTH || rest === RANDOM_LENGTH + GRANT_ID_LENGTH) && BASE64URL.test(value);
}

/** The Grant id inside a token value; undefined where the value has none. */
export function grantIdOf(value: string): string | undefined {
  for (const prefix of Object.values(PREFIXES)) {
    if (value.startsWith(prefix) && value.length === prefix.length + GRANT_ID_LENGTH + RANDOM_LENGTH) {
      return value.slice(prefix.length, prefix.length + GRANT_ID_LENGTH);
    }
  }
  return undefined;
}

/** Whether values of this model carry a prefix. */
export function isPrefixedModel(model: string): model is PrefixedModel {
  return Object.hasOwn(PREFIXES, model);
}
