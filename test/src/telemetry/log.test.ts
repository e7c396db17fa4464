import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';

const LOG = join(import.meta.dirname, '../../../src/telemetry/log.ts');
const AUDIT = join(import.meta.dirname, '../../../src/telemetry/audit.ts');

/** A program that logs, as the server does: `log`, and the log's flush at the end of the process. */
function program(body: string): string {
  return `import { createLog } from ${JSON.stringify(LOG)};
    const { log, flush } = createLog('info');
    process.on('exit', flush);
    const say = (count) => { for (let index = 0; index < count; index += 1) log.info({ index }, 'x'.repeat(200)); };
    ${body}`;
}

function run(body: string, stdout: 'pipe' | number = 'pipe'): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', program(body)], {
    stdio: ['ignore', stdout, 'pipe'],
  });
}

function linesOf(output: string): Record<string, unknown>[] {
  expect(output.endsWith('\n')).to.equal(true);
  const lines = output.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log of a server', () => {
  it('is written while the server runs', async () => {
    const child = run(`say(1); setInterval(() => undefined, 1000);`);
    const [chunk] = await once(child.stdout as Readable, 'data');
    expect(linesOf(String(chunk))).to.have.length(1);
    child.kill('SIGKILL');
  });

  it('is whole when the process ends, by an exit or by a crash', async () => {
    for (const end of [
      'process.exit(1);',
      'throw new Error("crash");',
      'Promise.reject(new Error("crash"));',
    ]) {
      const child = run(`say(3000); ${end}`);
      const [output, [code]] = await Promise.all([text(child.stdout as Readable), once(child, 'exit')]);
      expect(linesOf(output).map(({ index }) => index)).to.deep.equal(
        Array.from({ length: 3000 }, (_, at) => at),
      );
      expect(code).to.equal(1);
    }
  });

  it('never keeps a process from ending: its disk is full, or its reader is gone', async () => {
    const full = openSync('/dev/full', 'w');
    const onFullDisk = run(`say(100); setTimeout(() => { say(100); throw new Error('crash'); }, 200);`, full);
    closeSync(full);
    expect(await once(onFullDisk, 'exit')).to.deep.equal([1, null]);
    const withoutReader = run(
      `process.stdin.resume(); say(1); setTimeout(() => { say(100); process.exit(3); }, 200);`,
    );
    (withoutReader.stdout as Readable).destroy();
    expect(await once(withoutReader, 'exit')).to.deep.equal([3, null]);
  });

  it('says on standard error, once, that it cannot be written, and the process goes on', async () => {
    const child = run(
      `process.stdin.resume(); say(1); process.stdout.write('a line of its own');
       let turns = 0;
       setInterval(() => { say(1); process.stdout.write('one more'); if ((turns += 1) === 8) process.exit(3); }, 60);`,
    );
    (child.stdout as Readable).destroy();
    const [told, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')]);
    expect(told).to.equal('standard output cannot be written (EPIPE): lines of the log are lost\n');
    expect(code).to.equal(3);
  });

  it('does not hold up the server when its reader has stopped, and tells how many lines it dropped', async () => {
    const child = run(`say(100_000); process.stderr.write('goes on'); setInterval(() => say(1), 10);`);
    await once(child.stderr as Readable, 'data');
    let output = '';
    for await (const chunk of child.stdout as Readable) {
      output += String(chunk);
      if (/log_lines_dropped.*\n/.test(output)) break;
    }
    child.kill('SIGKILL');
    const lines = linesOf(output.slice(0, output.lastIndexOf('\n') + 1));
    const kept = lines.findIndex(({ event }) => event === 'log_lines_dropped');
    expect(
      lines.slice(0, kept).every(({ index }, at) => index === at),
      'the oldest, in order',
    ).to.equal(true);
    expect(kept + Number(lines[kept]?.['lines'])).to.be.at.least(100_000);
  });

  it('has what was decided about access at once, even when the process is killed', async () => {
    const child = run(`const { createAudit } = await import(${JSON.stringify(AUDIT)});
      say(1);
      createAudit({ settings: {}, log }).write('signed_out', { clientId: 'web' });
      process.kill(process.pid, 'SIGKILL');`);
    expect(linesOf(await text(child.stdout as Readable))[1]).to.include({
      audit: 'signed_out',
      clientId: 'web',
    });
  });

  it('has whole lines where several processes write to one pipe', async () => {
    const code = program('for (let turn = 0; turn < 20; turn += 1) setTimeout(() => say(100), turn * 5);');
    const one = `"${process.execPath}" --input-type=module -e "$CODE"`;
    const child = spawn('sh', ['-c', `${one} & ${one} & ${one} & wait`], { env: { CODE: code } });
    expect(linesOf(await text(child.stdout))).to.have.length(3 * 20 * 100);
  });
});
