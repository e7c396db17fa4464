/** Names that others give, as pages show them. Pure. */
import type { SignIn } from '../../interactions/sign-in.ts';
import type { Client } from '../../interactions/step.ts';

/** What fits a line of a consent page, and leaves no room for sentences of an app's own. */
const LONGEST_NAME = 60;
/** Writing systems need up to four marks on a letter; more climb over the lines around them. */
const MARKS = /(\p{M}{4})\p{M}+/gu;
/** Whatever breaks a line, or looks like a blank. */
const BLANKS = /[\p{Z}\t-\r\u0085\u2800]+/gu;
/** Controls, directions, tags, variation selectors, fillers: what is not seen, or moves what is. */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}]+/gu;

const CHARACTERS = new Intl.Segmenter();

/** A name without what is not seen or moves the text around it, on one line, cut at 60 characters. May be empty. */
export function shownName(name: string): string {
  const clean = name
    .normalize('NFC')
    .replace(BLANKS, ' ')
    .replace(UNSEEN, '')
    .replace(MARKS, '$1')
    .replace(/ +/g, ' ')
    .trim();
  // A character is made of one code unit at least.
  if (clean.length <= LONGEST_NAME) return clean;
  const characters = [...CHARACTERS.segment(clean)];
  if (characters.length <= LONGEST_NAME) return clean;
  return `${characters
    .slice(0, LONGEST_NAME)
    .reduce((cut, { segment }) => cut + segment, '')
    .trimEnd()}…`;
}

/** What an app is called where the request that leads to it does not matter. */
export function nameOfApp(client: Pick<Client, 'clientId' | 'metadata'>): string {
  return shownName(client.metadata().client_name ?? '') || shownName(client.clientId);
}

/** A person's name as IB gave it; the account where IB gave none. */
export function nameOfPerson({ displayName, accountId }: SignIn): string {
  return shownName(displayName) || accountId;
}
