/** Tokens in forms, against requests that another site has a browser send: nothing stored, nothing to expire by itself. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface FormTokens {
  /** The token of a form about something of this browser's own. */
  of(subject: string): string;
  /** Whether a posted value is that token, made by this process or one that is a step of rotation ahead or behind. */
  isOf(subject: string, posted: unknown): boolean;
}

/** Makes tokens with the first key, and takes those of every key. */
export function createFormTokens(keys: readonly string[]): FormTokens {
  const tokenBy = (key: string, subject: string): Buffer =>
    createHmac('sha256', key).update(subject).digest();
  return {
    of: (subject) => tokenBy(keys[0] ?? '', subject).toString('base64url'),
    isOf(subject, posted) {
      const given = Buffer.from(typeof posted === 'string' ? posted : '', 'base64url');
      return keys
        .map((key) => tokenBy(key, subject))
        .map((token) => token.length === given.length && timingSafeEqual(token, given))
        .includes(true);
    },
  };
}
