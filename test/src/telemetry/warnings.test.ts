import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const MODULE = join(import.meta.dirname, '../../../src/telemetry/warnings.ts');
const PROGRAM = `
const { hideExperimentalWarnings } = await import(${JSON.stringify(MODULE)});
hideExperimentalWarnings();
process.emitWarning('SQLite is one', 'ExperimentalWarning');
process.emitWarning('something else', 'DeprecationWarning');
`;

describe('warnings of Node', () => {
  it('reach the terminal, but for those on features that it calls experimental', async () => {
    const run = promisify(execFile);
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM]);
    expect(stderr).to.contain('DeprecationWarning: something else').and.not.contain('SQLite is one');
  });
});
