import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from '#api/main';
import type { RunningApi } from '#api/main';
import { silentLogger } from '#api/machinery/logger';
import { defineResources, loadCrds } from '#api/schema/load-crds';
import type { CustomResourceDefinition } from '#api/schema/load-crds';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { ghost, manifests, shell, task } from '../../kit/manifests.ts';
import { rootSchema } from '../schema/schema-family.ts';

/** What test/go/openapi-judge found: what client-go, gnostic and structured-merge-diff make of the documents. */
interface Report {
  groupVersions: string[];
  models: number;
  kinds: {
    resource: string;
    kind: string;
    verbs: string[];
    inV2: boolean;
    inV3: boolean;
    patchParameters: string[];
    objects: number;
  }[];
  problems: string[];
}

const OBJECTS = manifests(
  ghost('judged'),
  shell('judged'),
  task({ name: 'judged', team: 'judged', prompt: 'Judge.' }),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'judged', labels: { a: 'b' } }, data: { a: 'b' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'judged' }, stringData: { a: 'b' } },
  {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'judged' },
    spec: { holderIdentity: 'x', renewTime: '2026-01-02T03:04:05.000006Z' },
  },
  {
    apiVersion: 'example.com/v1beta1',
    kind: 'Odd',
    metadata: { name: 'judged' },
    spec: {
      color: 'green',
      maybe: null,
      anything: { a: [1] },
      anythings: [{ b: 2 }],
      port: '80',
      map: { a: 1 },
      list: [{ name: 'a' }],
      set: ['c0ffee00-0000-4000-8000-000000000000'],
      template: { apiVersion: 'v1', kind: 'Pod', spec: { x: 1 } },
    },
  },
);

/** Kinds with any schema that a CustomResourceDefinition may have; the same each time. */
function anyKinds(): CustomResourceDefinition[] {
  return fc.sample(rootSchema, { numRuns: 100, seed: 3 }).map((schema, index) => ({
    metadata: { name: `any${index}s.any.example.com` },
    spec: {
      group: 'any.example.com',
      scope: 'Namespaced',
      names: { kind: `Any${index}`, plural: `any${index}s` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }));
}

const judge = goProgram('openapi-judge');

describe.skipIf(judge.missing)('Go clients', () => {
  let folder: TemporaryFolder;
  let api: RunningApi;
  let report: Report;

  beforeAll(async () => {
    folder = await temporaryFolder('openapi');
    api = await startApi({
      listen: { host: '127.0.0.1', port: 0 },
      dataDir: path.join(folder.path, 'data'),
      logger: silentLogger,
      extraDefinitions: [...loadCrds(import.meta.dirname), ...anyKinds()].flatMap((crd) =>
        defineResources(crd, { builtIn: false }),
      ),
    });
    const env = { HOME: folder.path, KUBECONFIG: api.kubeconfigPath };
    await mustRun('kubectl', ['create', '-f', '-'], { stdin: OBJECTS, env });
    report = JSON.parse(await mustRun(judge.path, [api.kubeconfigPath])) as Report;
  });

  afterAll(async () => {
    await api.close();
    await folder[Symbol.asyncDispose]();
  });

  it('find every kind in v2 and in v3', () => {
    const lost = report.kinds.filter(({ inV2, inV3 }) => !inV2 || !inV3);
    expect(lost).toEqual([]);
    const kinds = report.kinds.map(({ kind }) => kind);
    expect(kinds).toContain('/v1, Kind=Secret');
    expect(kinds).toContain('agent.wecode.io/v1, Kind=Task');
    expect(kinds).toContain('example.com/v1beta1, Kind=Odd');
    expect(report.groupVersions).toContain('agent.wecode.io/v1alpha1');
  });

  it('learn that kinds without storage can only be created', () => {
    const virtual = report.kinds.filter(({ verbs }) => !verbs.includes('list'));
    // Groups come in no certain order.
    const found = virtual.toSorted((a, b) => a.kind.localeCompare(b.kind));
    expect(found.map(({ kind, verbs, patchParameters }) => [kind, verbs, patchParameters])).toEqual([
      ['authentication.k8s.io/v1, Kind=SelfSubjectReview', ['create'], []],
      ['authentication.k8s.io/v1, Kind=TokenReview', ['create'], []],
      ['authorization.k8s.io/v1, Kind=LocalSubjectAccessReview', ['create'], []],
      ['authorization.k8s.io/v1, Kind=SelfSubjectAccessReview', ['create'], []],
      ['authorization.k8s.io/v1, Kind=SelfSubjectRulesReview', ['create'], []],
      ['authorization.k8s.io/v1, Kind=SubjectAccessReview', ['create'], []],
    ]);
  });

  it('learn that every kind that is written can be patched dry, strictly and by force', () => {
    for (const { kind, patchParameters } of report.kinds.filter(({ verbs }) => verbs.includes('patch'))) {
      expect([kind, ...patchParameters]).toEqual([
        kind,
        'dryRun',
        'fieldManager',
        'fieldValidation',
        'force',
      ]);
    }
  });

  it('read v2 alike in both forms, and every object with the types of both documents', () => {
    expect(report.kinds.reduce((sum, { objects }) => sum + objects, 0)).toBeGreaterThan(7);
    expect(report.problems).toEqual([]);
  });
});
