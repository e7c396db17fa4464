import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { lifetimes } from '../../config/lifetimes.ts';
import { read, root } from './files.ts';

describe('the unit of systemd', () => {
  const unit = read('deploy/systemd/ib-oauth.service');
  const setting = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];

  it('runs the project’s own Node, reads the clients’ file again when told, and lets a drain end', () => {
    expect(setting('ExecStart')).to.match(/^\/opt\/ib-oauth\/node_modules\/\.bin\/node .*src\/main\.ts$/);
    expect(statSync(join(root, 'src/main.ts')).isFile()).to.equal(true);
    expect(setting('ExecReload')).to.equal('/bin/kill -HUP $MAINPID');
    expect(Number(setting('LimitNOFILE'))).to.be.at.least(65_536);
    expect(Number(setting('TimeoutStopSec')) * 1000).to.be.above(lifetimes.drainMs);
  });

  it('starts the server as the image and npm do, the same options of Node included', () => {
    const { start = '' } = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
    const [, command = ''] = / exec (.*)$/.exec(start) ?? [];
    expect(command).to.match(/^node --max-semi-space-size=\d+ --max-old-space-size=\d+ src\/main\.ts$/);
    expect(setting('ExecStart')).to.equal(`/opt/ib-oauth/node_modules/.bin/${command}`);
    expect(read('Dockerfile')).to.contain(
      `\nCMD ${JSON.stringify(command.split(' ')).replaceAll(',', ', ')}\n`,
    );
  });

  it('is exposed by 3 of 10 at most, by systemd-analyze where it is installed', function () {
    const { error, stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', join(root, 'deploy/systemd/ib-oauth.service')],
      { encoding: 'utf8' },
    );
    if (error !== undefined) return this.skip();
    const [, exposure] = /exposure level for ib-oauth\.service: ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(exposure)).to.be.at.most(3);
  });
});
