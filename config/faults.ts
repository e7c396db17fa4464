import type { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** Where inside a document something stands: `['clients', 2, 'redirect_uris', 0]`. */
export type FaultPath = readonly PropertyKey[];

/** One thing that is wrong, as a sentence without the value (it may be a secret). */
export interface Fault {
  readonly path: FaultPath;
  readonly message: string;
}

/** Says which names are allowed at a path, and what to say of names that need words of their own. */
export interface FieldNames {
  at(path: FaultPath): readonly string[];
  reason(path: FaultPath, name: string): string | undefined;
}

/** `clients[2].redirect_uris[0]`; names that are not plain words are quoted, so a fault stays one line. */
export function formatPath(path: FaultPath): string {
  let out = '';
  for (const step of path) {
    if (typeof step === 'number') out += `[${step}]`;
    else if (/^[\w-]+$/.test(String(step))) out += out === '' ? String(step) : `.${String(step)}`;
    else out += `[${JSON.stringify(String(step).slice(0, 80))}]`;
  }
  return out;
}

/** `config/clients.yaml: clients[2].redirect_uris[0]: must be https or loopback` */
export function formatFault(file: string, { path, message }: Fault): string {
  return path.length === 0 ? `${file}: ${message}` : `${file}: ${formatPath(path)}: ${message}`;
}

/**
 * zod's issues as faults in our words: one for each unknown field, the fitting branch of a union, never a value.
 */
export function faultsOfIssues(issues: readonly z.core.$ZodIssue[], names?: FieldNames): Fault[] {
  return issues.flatMap((issue) => faultsOfIssue(issue, [], names));
}

function faultsOfIssue(issue: z.core.$ZodIssue, prefix: FaultPath, names: FieldNames | undefined): Fault[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownField(path, key, names) }));
    case 'invalid_union':
      return closestBranch(issue.errors).flatMap((inner) => faultsOfIssue(inner, path, names));
    default:
      return [{ path, message: sentence(issue) }];
  }
}

function unknownField(path: FaultPath, key: string, names: FieldNames | undefined): string {
  const reason = names?.reason(path, key);
  if (reason !== undefined) return reason;
  const nearest = nearestName(key, names?.at(path) ?? []);
  return nearest === undefined ? 'is not a known field' : `is not a known field; did you mean ${nearest}?`;
}

/** The branch that got furthest into the value is the one the author meant; else the first. */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const fits = (branch: readonly z.core.$ZodIssue[]) =>
    !branch.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0);
  return branches.find(fits) ?? branches[0] ?? [];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
};

function sentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      // zod leaves the input out of its issues (it may be secret), so "missing" is only seen in the message's facts.
      return isMissing(issue) ? 'is missing' : `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return limit('at most', issue.maximum, issue.origin);
    case 'too_small':
      return Number(issue.minimum) === 1 && issue.origin !== 'number'
        ? 'must not be empty'
        : limit('at least', issue.minimum, issue.origin);
    default:
      return issue.message;
  }
}

function limit(words: 'at most' | 'at least', bound: number | bigint, origin: string): string {
  const unit: Readonly<Record<string, string>> = { string: ' characters', array: ' entries', file: ' bytes' };
  const verb = unit[origin] === undefined ? 'must be' : 'must have';
  return `${verb} ${words} ${String(bound)}${unit[origin] ?? ''}`;
}

function isMissing(issue: z.core.$ZodIssueInvalidType): boolean {
  return 'input' in issue && issue.input === undefined;
}
