/** One request of an interaction: whose it is and what it is about. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { AttemptId } from '../adapters/store/contract.ts';

export type Interaction = InstanceType<Provider['Interaction']>;
export type Client = InstanceType<Provider['Client']>;

/** One request of an interaction, its browser known. */
export interface Step {
  readonly ctx: Context;
  readonly interaction: Interaction;
  readonly client: Client;
  readonly attemptId: AttemptId;
  readonly csrf: string;
}

/** What the tokens of an interaction's forms are about: the interaction in this browser. */
export function formSubject(id: AttemptId): string {
  return `csrf\0${id.uid}\0${id.browser}`;
}
