/** Alarms of what goes wrong slowly: keys, certificates, deletion of what has expired. */
import { lifetimes } from '../../config/lifetimes.ts';
import type { Alarm, Alarms } from './alarm.ts';
import { type AwsPart, aws, type Signal } from './signals.ts';

const DAY_MINUTES = 24 * 60;

/** Items are written, and none that has expired goes; the days are longer than such items live. */
const deletion = (part: AwsPart, what: string, days: number): Alarm => ({
  column: 'store',
  severity: 'inform',
  what,
  unit: 'count',
  signals: {
    written: aws(part, 'ConsumedWriteCapacityUnits'),
    deleted: aws(part, 'TimeToLiveDeletedItemCount'),
  },
  value: 'deleted',
  enough: { of: 'written', atLeast: 1000 },
  threshold: 1,
  below: true,
  minutes: DAY_MINUTES,
  datapoints: [days, days],
});

const keyAge: Signal = {
  cloudwatch: { metricName: 'ib_oauth_signing_key_age_seconds', statistic: 'Maximum', dimensions: {} },
  prometheus: () => 'max(ib_oauth_signing_key_age_seconds)',
};

export const UPKEEP: Alarms = {
  'ttl-behind-state': deletion('stateTable', 'Nothing expired is deleted from the state table.', 3),
  'ttl-behind-tokens': deletion('tokenTable', 'Nothing expired is deleted from the token table.', 6),
  'rotation-failing': {
    column: 'us',
    severity: 'inform',
    what: 'The keys could not be made or rotated.',
    unit: 'count',
    signals: { errors: aws('rotation', 'Errors') },
    value: 'errors',
    threshold: 1,
    minutes: 5,
    datapoints: [1, 1],
  },
  'keys-old': {
    column: 'us',
    severity: 'inform',
    what: 'A signing key is older than half a year.',
    unit: 'seconds',
    signals: { age: keyAge },
    value: 'age',
    threshold: lifetimes.oldSigningKeySeconds,
    minutes: DAY_MINUTES,
    datapoints: [1, 1],
  },
  'certificate-expires': {
    column: 'us',
    severity: 'inform',
    what: 'The certificate ends in less than 20 days, and has not been renewed by itself.',
    unit: 'days',
    signals: { days: aws('certificate', 'DaysToExpiry', 'Minimum') },
    value: 'days',
    threshold: 20,
    below: true,
    unknown: true,
    minutes: DAY_MINUTES,
    datapoints: [1, 1],
  },
};
