import type { Fault } from '../faults.ts';
import type { ClientEntry } from './schema.ts';
import type { GRANT } from './supported.ts';

/** What the rules need to know beyond the client itself. */
export interface RuleContext {
  readonly scopes: ReadonlySet<string>;
  /** A sentence where a platform is not one that IB_HOSTS allows. */
  platformFault(platform: string): string | undefined;
  /** True for an address in the operator's own network that may be called without https (APP_HOSTS). */
  mayCall?(url: URL): boolean;
  /** True where an entry of `platforms` means the platform, however both are spelt. */
  coversPlatform(entry: string, platform: string): boolean;
}

/** What a rule found, the path counted from the client. Warnings do not stop the server. */
export interface Finding extends Fault {
  readonly warning?: true;
}

/** A client whose well-shaped fields can be judged although others are faulty. */
export interface CheckedClient {
  readonly entry: ClientEntry;
  /** Fields with a fault of shape, `ib.platforms` for nested ones; `entry` has their default or nothing. */
  readonly faulty: ReadonlySet<string>;
  /** The field as it stands in the file: good URIs beside a faulty one are judged too. */
  raw(field: string): unknown;
}

/** One thing that must hold between fields of a client. */
export interface Rule {
  /** The fields it reads: with one of them faulty it would speak of what is not so, and is left out. */
  readonly needs: readonly string[];
  check(entry: ClientEntry, context: RuleContext): Finding[];
}

/** A rule that stands on standard metadata alone, so that it holds for apps that register themselves too. */
export interface MetadataRule extends Rule {
  check(entry: ClientEntry, context: Pick<RuleContext, 'scopes' | 'mayCall'>): Finding[];
}

/** A fault of the field `path`, nested names joined by dots. */
export const at = (path: string, message: string): Finding => ({ path: path.split('.'), message });

/** The fault, where the condition holds. */
export const when = (condition: boolean, path: string, message: string): Finding[] =>
  condition ? [at(path, message)] : [];

/** The warning, where the condition holds. */
export const warnWhen = (condition: boolean, path: string, message: string): Finding[] =>
  condition ? [{ ...at(path, message), warning: true }] : [];

/** True where the client registers the grant type. */
export const hasGrant = (entry: ClientEntry, grant: (typeof GRANT)[keyof typeof GRANT]): boolean =>
  entry.grant_types.includes(grant);

/** The scopes a client registers; none where it registers no list. */
export const scopesOf = (entry: ClientEntry): readonly string[] =>
  entry.scope?.split(' ').filter(Boolean) ?? [];
