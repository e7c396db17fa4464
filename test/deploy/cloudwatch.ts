/**
 * CloudWatch's arithmetic and its rules for alarms, as far as the stack's alarms use them, from its user guide: "Using metric
 * math" and "Configuring how CloudWatch alarms treat missing data".
 */

/** Values by period, the oldest first; undefined where there is no data. */
export type Series = readonly (number | undefined)[];

/** Where the guide does not say what `IF` makes of a branch that is not taken and has no data. */
export type Untaken = 'does not matter' | 'takes the value along';

interface Evaluation {
  readonly series: Readonly<Record<string, Series>>;
  readonly periods: number;
  readonly untaken: Untaken;
}

const TOKEN = /\s*(\d+(?:\.\d+)?|[A-Za-z_]\w*|>=|<=|==|[-+*/(),<>])/y;

function tokens(expression: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const [, token] = TOKEN.exec(expression) ?? [];
    if (token === undefined) throw new SyntaxError(`not metric math: ${expression}`);
    found.push(token);
  }
  return found;
}

const OPERATORS: Readonly<Record<string, (left: number, right: number) => number | undefined>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => (right === 0 ? undefined : left / right),
  '>=': (left, right) => Number(left >= right),
  '<=': (left, right) => Number(left <= right),
  '>': (left, right) => Number(left > right),
  '<': (left, right) => Number(left < right),
  '==': (left, right) => Number(left === right),
};
/** From the loosest to the tightest. */
const PRECEDENCE: readonly (readonly string[])[] = [
  ['>=', '<=', '>', '<', '=='],
  ['+', '-'],
  ['*', '/'],
];

/** The series that an expression makes of others. */
export function evaluate(expression: string, evaluation: Evaluation): Series {
  const { series, periods, untaken } = evaluation;
  const left = tokens(expression);
  const take = (wanted: string): void => {
    const token = left.shift();
    if (token !== wanted) throw new SyntaxError(`${wanted} expected, not ${token}: ${expression}`);
  };
  const flat = (value: number): Series => Array.from({ length: periods }, () => value);

  function call(name: string): Series {
    const args: Series[] = [];
    take('(');
    do args.push(binary(0));
    while (left[0] === ',' && left.shift() === ',');
    take(')');
    const [first = [], second = [], third = []] = args;
    if (name === 'FILL') return first.map((value, at) => value ?? second[at]);
    if (name !== 'IF') throw new SyntaxError(`not known here: ${name}`);
    return first.map((condition, at) => {
      const [taken, other] = condition === 0 ? [third[at], second[at]] : [second[at], third[at]];
      if (condition === undefined) return undefined;
      return untaken === 'takes the value along' && other === undefined ? undefined : taken;
    });
  }

  function primary(): Series {
    const token = left.shift() ?? '';
    if (token === '(') {
      const inner = binary(0);
      take(')');
      return inner;
    }
    if (/^\d/.test(token)) return flat(Number(token));
    if (left[0] === '(') return call(token);
    const named = series[token];
    if (named === undefined) throw new SyntaxError(`no metric has the id ${token}`);
    return named;
  }

  function binary(level: number): Series {
    const operators = PRECEDENCE[level];
    if (operators === undefined) return primary();
    let result = binary(level + 1);
    while (operators.includes(left[0] ?? '')) {
      const operate = OPERATORS[left.shift() ?? ''];
      const right = binary(level + 1);
      result = result.map((value, at) => {
        const other = right[at];
        return value === undefined || other === undefined ? undefined : operate?.(value, other);
      });
    }
    return result;
  }
  const result = binary(0);
  if (left.length > 0) throw new SyntaxError(`${left[0]} is left over: ${expression}`);
  return result;
}

export interface AlarmRules {
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

/** CloudWatch looks at so many values more than it evaluates, so that late ones count. */
const MORE_RETRIEVED = 2;

/** The state of an alarm at the end of a series. */
export function stateOf(values: Series, rules: AlarmRules): 'OK' | 'ALARM' {
  const { EvaluationPeriods: of, Threshold: threshold, TreatMissingData: missing } = rules;
  const past = (value: number): boolean => {
    if (rules.ComparisonOperator === 'LessThanThreshold') return value < threshold;
    if (rules.ComparisonOperator === 'GreaterThanOrEqualToThreshold') return value >= threshold;
    throw new TypeError(`not known here: ${rules.ComparisonOperator}`);
  };
  const range = values.slice(-(of + MORE_RETRIEVED));
  const real = range.filter((value) => value !== undefined).map(past);
  if (missing !== 'breaching' && missing !== 'notBreaching')
    throw new TypeError(`not known here: ${missing}`);
  const filled = Array.from({ length: Math.max(0, of - real.length) }, () => missing === 'breaching');
  const bad = [...real.slice(-of), ...filled].filter(Boolean).length;
  return bad >= (rules.DatapointsToAlarm ?? of) ? 'ALARM' : 'OK';
}
