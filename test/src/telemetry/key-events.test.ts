import { expect } from 'chai';
import { createKeyEvents } from '../../../src/telemetry/key-events.ts';

describe('what happens to keys and to what they seal', () => {
  let nowMs: number;
  let lines: object[];
  let counted: string[];
  let gauges: Record<string, number>;
  const events = () =>
    createKeyEvents({
      metrics: {
        count: (name, labels) => counted.push([name, ...Object.values(labels)].join(' ')),
        observe: () => undefined,
        ask: () => undefined,
        begin: () => undefined,
        end: () => undefined,
        set: (name, value) => {
          gauges[name] = value;
        },
      },
      say: (level, event, facts) => lines.push({ level, event, ...facts }),
      noted: () => undefined,
      now: () => nowMs,
    });
  beforeEach(() => {
    nowMs = 1_800_000_000_000;
    lines = [];
    counted = [];
    gauges = {};
  });

  it('counts each item that does not open, and says so once a minute', () => {
    const { unopened } = events();
    for (const model of ['Session', 'Grant', 'Grant']) unopened({ model, reason: 'unknown_pepper' });
    nowMs += 59_999;
    unopened({ model: 'Grant', reason: 'not_authentic' });
    nowMs += 1;
    unopened({ model: 'AccessToken', reason: 'not_authentic' });
    expect(counted).to.deep.equal([
      'ib_oauth_unopened_total Session unknown_pepper',
      'ib_oauth_unopened_total Grant unknown_pepper',
      'ib_oauth_unopened_total Grant unknown_pepper',
      'ib_oauth_unopened_total Grant not_authentic',
      'ib_oauth_unopened_total AccessToken not_authentic',
    ]);
    expect(lines).to.deep.equal([
      { level: 'warn', event: 'unopened', model: 'Session', reason: 'unknown_pepper', items: 1 },
      { level: 'warn', event: 'unopened', model: 'AccessToken', reason: 'not_authentic', items: 4 },
    ]);
  });

  it('shows whether the keys as they stand were refused, until they are taken', () => {
    const { secretsRead, secretsRefused } = events();
    secretsRefused(['secrets.json: is not JSON']);
    expect(gauges).to.deep.equal({ ib_oauth_secrets_refused: 1 });
    expect(lines).to.deep.equal([
      { level: 'error', event: 'secrets_refused', faults: ['secrets.json: is not JSON'] },
    ]);
    secretsRead({ isChanged: false });
    expect(gauges).to.deep.equal({ ib_oauth_secrets_refused: 0 });
    expect(lines, 'nothing has changed').to.have.length(1);
  });
});
