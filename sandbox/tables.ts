/** What the API's tables hold, and which rows a call asks for. */
import { fullName, type PlatformState, type Session } from './state.ts';

export type Row = Readonly<Record<string, unknown>>;

/** A `{table}[.modifier(args)...]` of a path, taken apart. */
export interface TableCall {
  readonly table: string;
  readonly offset: number;
  readonly count: number;
  /** Field and direction; undefined: as they are. */
  readonly order: { readonly field: string; readonly descending: boolean } | undefined;
}

const MOST_ROWS = 100;
/** 2021-01-01; one day more for each row. */
const FIRST_UPDATE = 1609459200;
const DAY_SECONDS = 86_400;
const FOLDERS = ['Campaigns', 'Logos', 'Photos', 'Presentations', 'Product shots', 'Templates', 'Videos'];
const RESOURCES = ['logo.svg', 'team.jpg', 'logo-white.svg', 'brand-guide.pdf'];

/** The parsed segment; undefined where it is malformed, which IB answers with 400. */
export function parseTable(segment: string): TableCall | undefined {
  if (!/^\w+(\.\w+\([^()]*\))*$/.test(segment)) return undefined;
  const [table = ''] = segment.split('.', 1);
  let [offset, count] = [0, MOST_ROWS];
  let order: TableCall['order'];
  for (const [, name, argument = ''] of segment.matchAll(/\.(\w+)\(([^()]*)\)/g)) {
    if (name === 'limit') {
      if (!/^\d+(,\d+)?$/.test(argument)) return undefined;
      const [first = 0, second] = argument.split(',').map(Number);
      [offset, count] = second === undefined ? [0, first] : [first, second];
    } else if (name === 'order') {
      const [, field, direction] = /^(\w+):(-?1)$/.exec(argument) ?? [];
      if (field === undefined) return undefined;
      order = { field, descending: direction === '-1' };
    }
  }
  return { table, offset, count, order };
}

/** All rows of a table as this session sees them; undefined for a table that does not exist. */
export function rowsOf(
  table: string,
  context: { readonly platform: PlatformState; readonly session: Session; readonly apiOrigin: string },
): readonly Row[] | undefined {
  const { platform, session, apiOrigin } = context;
  const files = `${apiOrigin}/api/3.0.0/${platform.clientid}/file`;
  const lastUpdateTime = (at: number): number => FIRST_UPDATE + at * DAY_SECONDS;
  switch (table) {
    case 'folder':
      return FOLDERS.map((name, at) => ({ _id: `folder${at}`, name, lastUpdateTime: lastUpdateTime(at) }));
    case 'resource':
      // Answers of the API embed the caller's sid in preview URLs.
      return RESOURCES.map((name, at) => ({
        _id: `resource${at}`,
        name,
        lastUpdateTime: lastUpdateTime(at),
        preview: `${files}?preview=${at}&sid=${session.sid}`,
      }));
    case 'user':
      return platform.users.map((user) => ({ _id: user.useruuid, name: fullName(user) }));
    default:
      return undefined;
  }
}

/** The rows that were asked for: keywords first, then order, then the page of them. */
export function select(
  rows: readonly Row[],
  call: TableCall,
  keywords: string | null,
): { rows: readonly Row[]; offset: number; count: number } {
  const wanted = (keywords ?? '').toLowerCase();
  const found = rows.filter((row) => String(row['name']).toLowerCase().includes(wanted));
  const { order } = call;
  if (order !== undefined) {
    const turn = order.descending ? -1 : 1;
    found.sort((a, b) => turn * compare(a[order.field], b[order.field]));
  }
  return {
    rows: found.slice(call.offset, call.offset + call.count),
    offset: call.offset,
    count: found.length,
  };
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b));
}
