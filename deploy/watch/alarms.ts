/**
 * Every alarm, once: CloudWatch's, Prometheus's rules and the first row of both dashboards are made of these. Each has its
 * article in docs/runbook.md.
 */
import type { Alarms } from './alarm.ts';
import { POLLS_PER_SECOND, REQUESTS_PER_SECOND } from './budgets.ts';
import { DEPENDENCIES } from './dependencies.ts';
import { aws, counted, gauge, percentile, prometheus, samples } from './signals.ts';
import { UPKEEP } from './upkeep.ts';

const requests = (traffic: string, status: string) =>
  counted('ib_oauth_requests_total', { traffic, status: `${status}xx` });
/** On servers, where whoever probes their health asks too. */
const allRequests = (more = '') =>
  prometheus((window) => `sum(increase(ib_oauth_requests_total{${more}traffic!="health"}[${window}]))`);
/** What fails on our side. */
const US: Alarms = {
  'error-rate': {
    column: 'us',
    severity: 'page',
    what: 'More than 2 % of requests fail on our side.',
    unit: 'percent',
    // The API's own count sees what the function cannot: that it did not start, or was too slow.
    signals: {
      failed: aws('api', '5xx', 'Sum', allRequests('status="5xx",')),
      asked: aws('api', 'Count', 'Sum', allRequests()),
      passed: requests('proxy', '5'),
    },
    value: '100 * (failed - passed) / asked',
    enough: { of: 'failed - passed', atLeast: 5 },
    threshold: 2,
    minutes: 5,
    datapoints: [2, 3],
  },
  'slow-answers': {
    column: 'us',
    severity: 'inform',
    what: 'One request in a hundred takes more than 3 s, though it does not wait for IntelligenceBank.',
    unit: 'seconds',
    signals: {
      slow: percentile('ib_oauth_request_seconds', 99, { traffic: 'api', status: '2xx' }),
      answered: samples('ib_oauth_request_seconds', { traffic: 'api', status: '2xx' }),
    },
    value: 'slow',
    enough: { of: 'answered', atLeast: 20 },
    threshold: 3,
    minutes: 5,
    datapoints: [3, 3],
  },
  'requests-refused': {
    column: 'us',
    severity: 'inform',
    what: 'More than half of the requests of apps are refused as wrong.',
    unit: 'percent',
    signals: {
      refused: requests('api', '4'),
      good: requests('api', '2'),
      redirected: requests('api', '3'),
    },
    value: '100 * refused / (refused + good + redirected)',
    enough: { of: 'refused', atLeast: 100 },
    threshold: 50,
    minutes: 5,
    datapoints: [2, 3],
  },
  limited: {
    column: 'us',
    severity: 'inform',
    what: 'A limit turns many requests away with 429 or 503.',
    unit: 'count',
    signals: { limited: counted('ib_oauth_limited_total') },
    value: 'limited',
    threshold: 200,
    minutes: 5,
    datapoints: [2, 3],
  },
  'many-accounts': {
    column: 'us',
    severity: 'inform',
    what: 'One address finishes sign-ins of many accounts.',
    unit: 'count',
    signals: { addresses: counted('ib_oauth_many_accounts_total') },
    value: 'addresses',
    threshold: 1,
    minutes: 5,
    datapoints: [1, 1],
  },
};

/** What only AWS has: the API, the functions. */
const ON_AWS: Alarms = {
  'api-throttled': {
    column: 'us',
    severity: 'page',
    what: 'The API turns requests away with 429 before they reach the function.',
    unit: 'count',
    // The API counts every 4xx; what the function answered itself is taken off.
    signals: {
      all: aws('api', '4xx'),
      api: requests('api', '4'),
      steps: requests('sign_in', '4'),
      polls: requests('poll', '4'),
      proxied: requests('proxy', '4'),
      health: requests('health', '4'),
      stray: requests('stray', '4'),
    },
    value: 'all - api - steps - polls - proxied - health - stray',
    threshold: 50,
    minutes: 5,
    datapoints: [2, 3],
  },
  'api-near-limit': {
    column: 'us',
    severity: 'inform',
    what: `Four fifths of the ${REQUESTS_PER_SECOND} requests a second that the API lets through are used.`,
    unit: 'percent',
    signals: {
      asked: aws('api', 'Count'),
      pending: requests('poll', '4'),
      done: requests('poll', '2'),
      broken: requests('poll', '5'),
    },
    value: `100 * (asked - pending - done - broken) / ${60 * REQUESTS_PER_SECOND}`,
    threshold: 80,
    minutes: 1,
    datapoints: [3, 5],
  },
  'polls-near-limit': {
    column: 'us',
    severity: 'inform',
    only: 'cloudwatch',
    what: `Four fifths of the ${POLLS_PER_SECOND} polls a second that the API lets through are used.`,
    unit: 'percent',
    signals: { pending: requests('poll', '4'), done: requests('poll', '2'), broken: requests('poll', '5') },
    value: `100 * (pending + done + broken) / ${60 * POLLS_PER_SECOND}`,
    threshold: 80,
    minutes: 1,
    datapoints: [3, 5],
  },
  'function-errors': {
    column: 'us',
    severity: 'page',
    what: 'The function throws.',
    unit: 'count',
    signals: { errors: aws('function', 'Errors') },
    value: 'errors',
    threshold: 5,
    minutes: 5,
    datapoints: [1, 1],
  },
  'function-throttled': {
    column: 'us',
    severity: 'page',
    what: 'Requests are turned away by the concurrency limit.',
    unit: 'count',
    signals: { throttles: aws('function', 'Throttles') },
    value: 'throttles',
    threshold: 5,
    minutes: 5,
    datapoints: [1, 1],
  },
  'transfers-cut': {
    column: 'us',
    severity: 'inform',
    what: 'Large bodies through the proxy are cut.',
    unit: 'count',
    signals: { errors: aws('stream', 'Errors') },
    value: 'errors',
    threshold: 5,
    minutes: 5,
    datapoints: [1, 1],
  },
  'transfers-throttled': {
    column: 'us',
    severity: 'inform',
    what: 'Large bodies are turned away: as many as allowed are on their way.',
    unit: 'count',
    signals: { throttles: aws('stream', 'Throttles') },
    value: 'throttles',
    threshold: 5,
    minutes: 5,
    datapoints: [1, 1],
  },
};

/** What only a server has: processes that stay. */
const ON_SERVERS: Alarms = {
  'server-down': {
    column: 'us',
    severity: 'page',
    what: 'No process answers Prometheus.',
    unit: 'count',
    signals: { up: prometheus(() => 'sum(up{job="ib-oauth"})') },
    value: 'up',
    threshold: 1,
    below: true,
    minutes: 1,
    datapoints: [3, 3],
  },
  'server-restarts': {
    column: 'us',
    severity: 'inform',
    what: 'Processes start again and again.',
    unit: 'count',
    signals: {
      starts: prometheus((window) => `sum(changes(process_start_time_seconds{job="ib-oauth"}[${window}]))`),
    },
    value: 'starts',
    threshold: 4,
    minutes: 15,
    datapoints: [1, 1],
  },
  overloaded: {
    column: 'us',
    severity: 'inform',
    what: 'Processes are behind and answer 503 early.',
    unit: 'count',
    signals: { refused: counted('ib_oauth_limited_total', { limit: 'overload' }) },
    value: 'refused',
    threshold: 20,
    minutes: 5,
    datapoints: [2, 2],
  },
  'audit-unwritable': {
    column: 'us',
    severity: 'page',
    what: 'The audit file cannot be written.',
    unit: 'count',
    signals: { unwritable: gauge('ib_oauth_audit_unwritable') },
    value: 'unwritable',
    threshold: 1,
    minutes: 5,
    datapoints: [1, 1],
  },
  'clients-refused': {
    column: 'us',
    severity: 'inform',
    what: "The clients' file as it stands is faulty; an older one is in force.",
    unit: 'count',
    signals: { refused: gauge('ib_oauth_clients_refused') },
    value: 'refused',
    threshold: 1,
    minutes: 5,
    datapoints: [2, 2],
  },
  'keys-foreign': {
    column: 'us',
    severity: 'page',
    what: "The store was written under other keys than the server's: nothing in it opens.",
    unit: 'count',
    signals: { foreign: gauge('ib_oauth_keys_foreign') },
    value: 'foreign',
    threshold: 1,
    minutes: 5,
    datapoints: [1, 1],
  },
  'keys-refused': {
    column: 'us',
    severity: 'inform',
    what: "The server's keys as they stand are faulty; older ones are in force.",
    unit: 'count',
    signals: { refused: gauge('ib_oauth_secrets_refused') },
    value: 'refused',
    threshold: 1,
    minutes: 5,
    datapoints: [2, 2],
  },
};

/** All of them. */
export const ALARMS: Alarms = { ...US, ...ON_AWS, ...ON_SERVERS, ...DEPENDENCIES, ...UPKEEP };
