import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { errors } from 'oidc-provider';
import { reference } from '../../../scripts/reference-text.ts';
import { ERROR_CODES } from '../../../src/http/error-codes.ts';
import { AUDIT_EVENTS, LOG_EVENTS } from '../../../src/telemetry/catalog.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const sources = globSync('{src,interactions,adapters}/**/*.ts', { cwd: ROOT });

/** Errors of the library for features that are not switched on here. */
const OF_OTHER_FEATURES =
  /credential|attestation|login_hint|binding_message|authorization_details|user_code|software_statement|user_id|transaction|invalid_nonce|invalid_proof/;

describe('the reference of error codes and events', () => {
  it('is made of the code as it stands', () => {
    expect(read('docs/reference.md')).to.equal(reference());
  });

  it('has every error of the library whose feature is on', () => {
    const codes = Object.entries(errors)
      .filter(([name]) => !/^(Custom)?OIDCProviderError$/.test(name))
      .map(([, Failure]) => new (Failure as new (text: string) => { error: string })('x').error);
    for (const code of codes.filter((name) => !OF_OTHER_FEATURES.test(name))) {
      expect(ERROR_CODES, code).to.have.property(code);
    }
  });

  it('has every code and event that the code names, and none besides', () => {
    const text = sources.filter((path) => !/catalog|error-codes/.test(path)).map(read);
    const found = (pattern: RegExp) =>
      new Set(text.flatMap((source) => [...source.matchAll(pattern)].map(([, name = '']) => name)));
    for (const event of found(/\bevent: '([a-z_.]+)'/g)) expect(LOG_EVENTS, event).to.have.property(event);
    for (const code of found(/\berror: '([a-z_]+)'[,;]? description/g)) {
      expect(ERROR_CODES, code).to.have.property(code);
    }
    for (const code of found(/\b(?:fail|failed|refuse)\((?:ctx, )?(?:\d{3}, )?'([a-z_]+)', /g)) {
      expect(ERROR_CODES, code).to.have.property(code);
    }
    const all = text.join('\n');
    for (const event of [...Object.keys(LOG_EVENTS), ...Object.keys(AUDIT_EVENTS)]) {
      expect(all, event).to.contain(`'${event}'`);
    }
  });

  it('has every code of the troubleshooting page', () => {
    const named = [...read('docs/troubleshooting.md').matchAll(/^\| `([a-z_]+)`/gm)].map(
      ([, code = '']) => code,
    );
    expect(named).to.not.be.empty;
    for (const code of named.filter((name) => name.includes('_'))) {
      expect({ ...ERROR_CODES, dynamodb: true }, code).to.have.property(code);
    }
  });
});
