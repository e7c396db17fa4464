import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ENV } from '../../../config/env.ts';
import { runProgram } from '../../support/programs.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAPERS = [...globSync('docs/*.md', { cwd: ROOT }), 'README.md', 'SECURITY.md', 'CHANGELOG.md'];
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Settings whose meaning is OpenTelemetry's. */
const OTHERS: ReadonlySet<string> = new Set([ENV.tracesEndpoint]);

/** The names that a help text lists. */
const listed = (help: string): string[] =>
  [...help.matchAll(/^ {2}([a-z][a-z-]+)/gm)].map(([, name = '']) => name);

describe('the papers', function () {
  this.timeout(120_000);

  it('name every setting in the README', () => {
    const readme = read('README.md');
    for (const name of Object.values(ENV)) if (!OTHERS.has(name)) expect(readme).to.contain(`\`${name}\``);
  });

  it('name commands that there are, and no others', async () => {
    const help = async (...path: string[]) =>
      (await runProgram('cli/main.ts', {}, { args: [...path, '--help'] })).stdout;
    const groups = listed(await help());
    const commands = new Map<string, readonly string[]>();
    for (const group of ['client', 'secrets', 'keys', 'store', 'session', 'token']) {
      commands.set(group, listed(await help(group)));
    }
    const named = PAPERS.flatMap((path) => [
      ...read(path).matchAll(
        /(?:ib-oauth(?: --)? |`)(client|secrets|keys|store|session|token|check|trace)\b(?: ([a-z]+(?:-[a-z]+)?))?/g,
      ),
    ]);
    expect(named.length).to.be.above(20);
    for (const [text, group = '', command] of named) {
      expect(groups, text).to.include(group);
      const known = commands.get(group);
      // Such as `client` the field, or `token` the parameter.
      const isProse = !text.startsWith('ib-oauth') && !(known ?? []).includes(command ?? '');
      if (!isProse && known !== undefined && command !== undefined) expect(known, text).to.include(command);
    }
  });

  it('lead to pages and headings that there are', () => {
    for (const path of PAPERS) {
      for (const [, target = ''] of read(path).matchAll(/\]\((?!https?:)([^)#]+\.md)/g)) {
        const from = path.startsWith('docs/') ? 'docs' : '';
        expect(() => read(join(from, target)), `${path}: ${target}`).to.not.throw();
      }
      for (const [, target = ''] of read(path).matchAll(
        /`((?:docs|src|deploy|config|bench|examples)\/[\w./-]+\.\w+)`/g,
      )) {
        if (/node_modules|RESULTS-/.test(target)) continue;
        expect(() => read(target), `${path}: ${target}`).to.not.throw();
      }
    }
  });
});
