/** Items, conditions and changes in DynamoDB's language. Pure. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Change, Condition } from '../conditions.ts';
import type { AttributeScalar, Item, Key } from '../items.ts';

/** A key in DynamoDB's form. */
export function keyAttributes(key: Key): Record<string, AttributeValue> {
  return { pk: { S: key.pk } };
}

function toValue(value: AttributeScalar): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (value instanceof Uint8Array) return { B: value };
  return { SS: [...value] };
}

/** Values of an expression or item, in DynamoDB's form; undefined ones are left out. */
export function toAttributes(
  values: Readonly<Record<string, AttributeScalar | undefined>>,
): Record<string, AttributeValue> {
  const out: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) out[name] = toValue(value);
  }
  return out;
}

function fromValue(value: AttributeValue): AttributeScalar | undefined {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.B !== undefined) return value.B;
  if (value.SS !== undefined) return new Set(value.SS);
  return undefined;
}

/** An item from DynamoDB's form; undefined where it lacks what every item of ours has. */
export function fromAttributes(attributes: Record<string, AttributeValue> | undefined): Item | undefined {
  if (attributes === undefined) return undefined;
  const out: Record<string, AttributeScalar | undefined> = {};
  for (const [name, value] of Object.entries(attributes)) out[name] = fromValue(value);
  const { pk, expires } = out;
  if (typeof pk !== 'string' || typeof expires !== 'number') return undefined;
  return out as Item;
}

/** The parts of a command that hold a condition and changes; empty where there are none. */
export interface Expressions {
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

/** Compiles a condition and changes. Every attribute is named by a placeholder: many names are reserved words. */
export function expressionsOf(facts: {
  readonly condition?: Condition | undefined;
  readonly changes?: readonly Change[];
}): Expressions {
  const names = new Map<string, string>();
  const values: Record<string, AttributeValue> = {};
  const name = (attribute: string): string => {
    const known = names.get(attribute) ?? `#a${names.size}`;
    names.set(attribute, known);
    return known;
  };
  const value = (of: AttributeScalar): string => {
    const placeholder = `:v${Object.keys(values).length}`;
    values[placeholder] = toValue(of);
    return placeholder;
  };
  const { condition, changes = [] } = facts;
  return {
    ...(condition === undefined ? {} : { ConditionExpression: conditionText(condition, name, value) }),
    ...(changes.length === 0 ? {} : { UpdateExpression: updateText(changes, name, value) }),
    ...(names.size === 0
      ? {}
      : {
          ExpressionAttributeNames: Object.fromEntries(
            [...names].map(([attribute, known]) => [known, attribute]),
          ),
        }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}

type Name = (attribute: string) => string;
type Value = (of: AttributeScalar) => string;

function conditionText(condition: Condition, name: Name, value: Value): string {
  switch (condition.is) {
    case 'all':
    case 'any': {
      const parts = condition.of.map((part) => conditionText(part, name, value));
      // Redundant parentheses are an error in DynamoDB.
      return parts.length === 1 ? parts.join() : `(${parts.join(condition.is === 'all' ? ' AND ' : ' OR ')})`;
    }
    case 'present':
      return `attribute_exists(${name(condition.attribute)})`;
    case 'absent':
      return `attribute_not_exists(${name(condition.attribute)})`;
    case 'equal':
      return `${name(condition.attribute)} = ${value(condition.value)}`;
    case 'above':
      return `${name(condition.attribute)} > ${value(condition.value)}`;
    case 'at_most':
      return `${name(condition.attribute)} <= ${value(condition.value)}`;
  }
}

function updateText(changes: readonly Change[], name: Name, value: Value): string {
  const clauses: Record<'SET' | 'ADD' | 'DELETE', string[]> = { SET: [], ADD: [], DELETE: [] };
  for (const change of changes) {
    const target = name(change.attribute);
    switch (change.to) {
      case 'set':
        clauses.SET.push(`${target} = ${value(change.value)}`);
        break;
      case 'set_if_absent':
        clauses.SET.push(`${target} = if_not_exists(${target}, ${value(change.value)})`);
        break;
      case 'sum':
        clauses.SET.push(`${target} = ${name(change.of)} + ${value(change.plus)}`);
        break;
      case 'add':
        clauses.ADD.push(`${target} ${value(change.amount)}`);
        break;
      case 'include':
        clauses.ADD.push(`${target} ${value(change.members)}`);
        break;
      case 'exclude':
        clauses.DELETE.push(`${target} ${value(change.members)}`);
        break;
    }
  }
  return Object.entries(clauses)
    .filter(([, parts]) => parts.length > 0)
    .map(([clause, parts]) => `${clause} ${parts.join(', ')}`)
    .join(' ');
}
