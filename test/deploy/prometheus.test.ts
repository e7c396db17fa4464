import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { madeFiles } from '../../deploy/watch/files.ts';
import {
  BUILD_INFO,
  COUNTERS,
  type Definition,
  GAUGES,
  HISTOGRAMS,
} from '../../src/telemetry/metric-names.ts';
import { read, root } from './files.ts';

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: { readonly runbook: string };
}
interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly object[];
    }[];
  }[];
}

const { groups } = parse(read('deploy/prometheus/rules.yml')) as {
  groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('deploy/grafana/dashboards/ib-oauth.json')) as Dashboard;
const shown = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Series by name, with the labels that they have. */
const written = new Map<string, readonly string[]>(
  Object.entries<Definition>({ ...COUNTERS, ...HISTOGRAMS }).flatMap(([name, { labels }]) => [
    [name, labels],
    [`${name}_bucket`, [...labels, 'le']],
    [`${name}_count`, labels],
  ]),
);
for (const name of [...Object.keys(GAUGES), BUILD_INFO]) written.set(name, []);
for (const name of ['up', 'process_start_time_seconds']) written.set(name, ['job']);
written.set('ALERTS', ['alertstate', 'column']);
for (const { record } of rules) if (record !== undefined) written.set(record, []);

/** What an expression asks for: names of series with the labels that it selects by. */
function asked(expr: string): [name: string, labels: string[]][] {
  return [...expr.matchAll(/\b((?:ib_oauth|up|process|ALERTS)[\w:]*)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', inside = '']) => [
      name,
      [...inside.matchAll(/(\w+)(?:=|!=)"/g)].map(([, label = '']) => label),
    ],
  );
}

/** Runs promtool, where it is installed (Debian: the package `prometheus`); undefined elsewhere. */
function promtool(...args: string[]): { readonly status: number | null; readonly said: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', cwd: root });
  return error === undefined ? { status, said: stdout + stderr } : undefined;
}

describe("Prometheus's rules and Grafana's dashboard", () => {
  it('are what the definitions of the alarms make', () => {
    for (const [path, text] of Object.entries(madeFiles())) {
      expect(read(path), `npm run monitoring writes ${path}`).to.equal(text);
    }
  });

  it('ask for numbers that the server writes, by labels that it gives them', () => {
    const expressions = [...rules.map(({ expr }) => expr), ...shown];
    expect(expressions.flatMap(asked)).to.have.length.above(100);
    for (const [name, labels] of expressions.flatMap(asked)) {
      expect(written.get(name), `${name} is written`).to.not.equal(undefined);
      expect(written.get(name), name).to.include.members(labels);
    }
  });

  it('have an article in the runbook for every alert', () => {
    const runbook = read('docs/runbook.md');
    for (const { alert, annotations } of rules) {
      if (alert === undefined) continue;
      expect(annotations?.runbook).to.equal(`docs/runbook.md#${alert}`);
      expect(runbook).to.contain(`\n## ${alert}\n`);
    }
  });

  it('are all tried with made-up series: each alert fires in one test and stays quiet in another', () => {
    const { tests } = parse(read('deploy/prometheus/rules.test.yml')) as RuleTests;
    const tried = tests.flatMap((test) => test.alert_rule_test ?? []);
    for (const { alert } of rules) {
      if (alert === undefined) continue;
      const expected = tried
        .filter(({ alertname }) => alertname === alert)
        .map((test) => test.exp_alerts.length > 0);
      expect(new Set(expected), alert).to.deep.equal(new Set([true, false]));
    }
  });

  it('hold under promtool, where it is installed', function () {
    this.timeout(60_000);
    const checked = promtool('check', 'rules', 'deploy/prometheus/rules.yml');
    if (checked === undefined) return this.skip();
    expect(checked.status, checked.said).to.equal(0);
    const config = promtool('check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml');
    expect(config?.status, config?.said).to.equal(0);
    const tested = promtool('test', 'rules', 'deploy/prometheus/rules.test.yml');
    expect(tested?.status, tested?.said).to.equal(0);
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-deploy-'));
    const file = join(folder, 'shown.yml');
    const recorded = shown.map((expr, at) => ({
      record: `shown:${at}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    writeFileSync(file, stringify({ groups: [{ name: 'shown', rules: recorded }] }));
    const panels = promtool('check', 'rules', file);
    rmSync(folder, { recursive: true });
    expect(panels?.status, panels?.said).to.equal(0);
  });
});

describe("Grafana's dashboard", () => {
  it('answers first whose trouble it is, in three columns', () => {
    const [heading, ...panels] = dashboard.panels;
    expect(heading?.title).to.equal('Is it us, IntelligenceBank or the store?');
    const [us, ib, store] = panels;
    expect([us, ib, store].map((panel) => panel?.title)).to.deep.equal([
      'Us',
      'IntelligenceBank',
      'The store',
    ]);
    expect([us, ib, store].map((panel) => panel?.gridPos.y)).to.deep.equal([1, 1, 1]);
    for (const panel of panels)
      if (panel.type !== 'row') expect(panel.targets, panel.title).to.not.deep.equal([]);
  });

  it('lays no panel over another, and gives each its own id', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x} ${y}`), `${title} at ${x} ${y}`).to.equal(undefined);
          taken.set(`${x} ${y}`, title);
        }
      }
      expect(gridPos.x + gridPos.w).to.be.at.most(24);
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).to.equal(dashboard.panels.length);
  });
});
