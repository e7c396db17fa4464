/** The files that are made of the definitions, by their paths in the repository. */
import { ALARMS } from './alarms.ts';
import { dashboardFile } from './grafana.ts';
import { PANELS } from './panels.ts';
import { rulesFile } from './rules.ts';

/** What each file holds. */
export function madeFiles(): Readonly<Record<string, string>> {
  return {
    'deploy/prometheus/rules.yml': rulesFile(ALARMS),
    'deploy/grafana/dashboards/ib-oauth.json': dashboardFile(ALARMS, PANELS),
  };
}
