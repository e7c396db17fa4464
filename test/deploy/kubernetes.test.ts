import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { lifetimes } from '../../config/lifetimes.ts';
import { read, root } from './files.ts';

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
