/** Grafana's dashboard in three columns: whose trouble it is, the alarms' values against their thresholds, what lies behind. */
import type { Alarm, Alarms, Column } from './alarm.ts';
import { COLUMNS, type Panel } from './panels.ts';
import { signalExpression } from './promql.ts';
import { onPrometheus, recordedAs } from './rules.ts';

const WIDTH = 24;
const COLUMN_WIDTH = WIDTH / 3;
const VERDICT_HEIGHT = 4;
const TILE = { w: 4, h: 3 } as const;
const GRAPH_HEIGHT = 8;
const SOURCE = { type: 'prometheus', uid: '$source' } as const;
const UNITS: Readonly<Record<Alarm['unit'], string>> = {
  percent: 'percent',
  seconds: 's',
  count: 'short',
  days: 'd',
};

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const target = (refId: string, expr: string, legendFormat: string) => ({
  refId,
  expr,
  legendFormat,
  datasource: SOURCE,
});

const heading = (title: string, y: number) => ({
  type: 'row',
  title,
  collapsed: false,
  panels: [],
  gridPos: { x: 0, y, w: WIDTH, h: 1 },
});

/** Green where the alarm is quiet, red where its value is past the threshold. */
function steps({ below, threshold }: Alarm) {
  const [calm, bad] = ['green', 'red'];
  return below === true
    ? [
        { color: bad, value: null },
        { color: calm, value: threshold },
      ]
    : [
        { color: calm, value: null },
        { color: bad, value: threshold },
      ];
}

const tile = (name: string, alarm: Alarm, gridPos: Place) => ({
  type: 'stat',
  title: name,
  description: `${alarm.what} docs/runbook.md#${name}`,
  datasource: SOURCE,
  gridPos,
  fieldConfig: {
    defaults: {
      unit: UNITS[alarm.unit],
      decimals: 1,
      noValue: 'quiet',
      thresholds: { mode: 'absolute', steps: steps(alarm) },
    },
    overrides: [],
  },
  options: { colorMode: 'background', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } },
  targets: [target('A', recordedAs(name), name)],
});

const graph = ({ title, unit, series }: Panel, gridPos: Place) => ({
  type: 'timeseries',
  title,
  datasource: SOURCE,
  gridPos,
  fieldConfig: { defaults: { unit: UNITS[unit], min: 0 }, overrides: [] },
  options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
  targets: Object.entries(series)
    .filter(([, signal]) => signal.prometheus !== undefined)
    .map(([label, signal], at) =>
      target(String.fromCharCode(65 + at), signalExpression(signal, '$__rate_interval'), label),
    ),
});

const columnsOf = Object.keys(COLUMNS) as Column[];

/** The answer at a glance: how many of a column's alarms fire. */
const verdict = (column: Column, gridPos: Place) => ({
  type: 'stat',
  title: COLUMNS[column],
  datasource: SOURCE,
  gridPos,
  fieldConfig: {
    defaults: {
      mappings: [{ type: 'value', options: { 0: { text: 'fine', index: 0 } } }],
      thresholds: {
        mode: 'absolute',
        steps: [
          { color: 'green', value: null },
          { color: 'red', value: 1 },
        ],
      },
    },
    overrides: [],
  },
  options: { colorMode: 'background', graphMode: 'none', reduceOptions: { calcs: ['lastNotNull'] } },
  targets: [
    target('A', `sum(ALERTS{alertstate="firing",column="${column}"}) or vector(0)`, 'alarms that fire'),
  ],
});

/** A column's alarms, two tiles abreast, what wakes somebody first. */
function alarmTiles(alarms: Alarms, y: number) {
  const weight = ([, { severity }]: [string, Alarm]): number => (severity === 'page' ? 0 : 1);
  const abreast = COLUMN_WIDTH / TILE.w;
  return columnsOf.flatMap((column, left) =>
    onPrometheus(alarms)
      .filter(([, alarm]) => alarm.column === column)
      .toSorted((one, other) => weight(one) - weight(other))
      .map(([name, alarm], at) => {
        const x = left * COLUMN_WIDTH + (at % abreast) * TILE.w;
        return tile(name, alarm, { x, y: y + Math.floor(at / abreast) * TILE.h, ...TILE });
      }),
  );
}

function graphs(panels: readonly Panel[], y: number) {
  return columnsOf.flatMap((column, at) =>
    panels
      .filter((panel) => panel.column === column)
      .map((panel, row) =>
        graph(
          { ...panel, title: `${COLUMNS[column]}: ${panel.title}` },
          { x: at * COLUMN_WIDTH, y: y + row * GRAPH_HEIGHT, w: COLUMN_WIDTH, h: GRAPH_HEIGHT },
        ),
      ),
  );
}

/** The dashboard's JSON. */
export function dashboardFile(alarms: Alarms, panels: readonly Panel[]): string {
  const verdicts = columnsOf.map((column, at) =>
    verdict(column, { x: at * COLUMN_WIDTH, y: 1, w: COLUMN_WIDTH, h: VERDICT_HEIGHT }),
  );
  const tiles = alarmTiles(alarms, 1 + VERDICT_HEIGHT);
  const behind = Math.max(...tiles.map(({ gridPos: { y, h } }) => y + h));
  const all = [
    heading('Is it us, IntelligenceBank or the store?', 0),
    ...verdicts,
    ...tiles,
    heading('What lies behind it', behind),
    ...graphs(panels, behind + 1),
  ];
  const dashboard = {
    uid: 'ib-oauth',
    title: 'ib-oauth',
    description: 'Made by "npm run monitoring" from deploy/watch.',
    tags: ['ib-oauth'],
    editable: false,
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [{ name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0 }],
    },
    panels: all.map((panel, at) => ({ id: at + 1, ...panel })),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
