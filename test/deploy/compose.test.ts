import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { lifetimes } from '../../config/lifetimes.ts';
import { BY_DIGEST, read, root } from './files.ts';

interface Service {
  readonly image?: string;
  readonly read_only?: boolean;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
  readonly cap_drop?: readonly string[];
}

describe('the compose file', () => {
  const { services } = parse(read('deploy/compose.yaml'), { merge: true }) as {
    services: Readonly<Record<string, Service>>;
  };

  it('is one by the schema of the compose specification', () => {
    const linter = join(root, 'node_modules/dclint/bin/dclint.cjs');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [linter, '--quiet', join(root, 'deploy/compose.yaml')],
      { encoding: 'utf8' },
    );
    expect(status, stdout + stderr).to.equal(0);
  });

  it('has a server, nginx, Prometheus and Grafana, and DynamoDB Local where asked for', () => {
    const always = Object.entries(services).flatMap(([name, { profiles }]) =>
      profiles === undefined ? [name] : [],
    );
    expect(always.toSorted()).to.deep.equal(['grafana', 'nginx', 'prometheus', 'server']);
    expect(services['dynamodb']?.profiles).to.deep.equal(['dynamodb']);
  });

  it('restricts every service, takes images by digest, and opens loopback alone', () => {
    for (const [name, { image = '', read_only: readOnly, cap_drop: dropped, ports = [] }] of Object.entries(
      services,
    )) {
      expect(readOnly, name).to.equal(true);
      expect(dropped, name).to.deep.equal(['ALL']);
      if (image !== 'ib-oauth') expect(image, name).to.match(BY_DIGEST);
      for (const port of ports) expect(port, name).to.match(/^127\.0\.0\.1:/);
    }
  });

  it('mounts files that are there, and lets a drain end', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0] ?? '').filter((from) => from.startsWith('.')),
    );
    expect(mounted).to.have.length.above(4);
    for (const from of mounted) expect(existsSync(join(root, 'deploy', from)), from).to.equal(true);
    const grace = Number.parseInt(services['server']?.stop_grace_period ?? '', 10) * 1000;
    expect(grace).to.be.above(lifetimes.drainMs);
  });

  it('lets Prometheus read where the server serves, and Grafana show what Prometheus has', () => {
    const { scrape_configs: scraped } = parse(read('deploy/prometheus/prometheus.yml')) as {
      scrape_configs: readonly {
        job_name: string;
        static_configs: readonly { targets: readonly string[] }[];
      }[];
    };
    expect(scraped).to.deep.equal([
      {
        job_name: 'ib-oauth',
        static_configs: [{ targets: [`server:${services['server']?.environment?.['METRICS_PORT']}`] }],
      },
    ]);
    const { datasources } = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: readonly { type: string; url: string }[];
    };
    expect(datasources).to.have.length(1);
    expect(datasources[0]).to.include({ type: 'prometheus', url: 'http://prometheus:9090' });
  });

  it('has an nginx configuration that nginx takes, where it is installed', function () {
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-nginx-'));
    const file = join(folder, 'nginx.conf');
    // Outside of the network of the compose file nobody is called `server`.
    cpSync(join(root, 'deploy/nginx/nginx.conf'), file);
    const tried = spawnSync('nginx', ['-t', '-q', '-p', folder, '-c', file, '-g', ''], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    if (tried.error !== undefined) return this.skip();
    const faults = tried.stderr.split('\n').filter((line) => /emerg|crit/.test(line));
    expect(faults.filter((line) => !line.includes('host not found in upstream "server:3000"'))).to.deep.equal(
      [],
    );
  });
});
