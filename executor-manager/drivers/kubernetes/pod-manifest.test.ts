import { describe, expect, it } from 'vitest';
import { podManifest } from './pod-manifest.ts';
import type { PodRuntimeSpec, PodSettings } from './pod-manifest.ts';

const GIB = 2 ** 30;
const settings: PodSettings = {
  ...{ namespace: 'sandboxes', executorName: 'one', owner: '0123456789abcdef' },
  ...{ image: 'troupe-executor:1', workspace: { kind: 'claim' }, reach: 'pod-ip', template: {} },
};
const spec: PodRuntimeSpec = {
  ...{ id: 'rt-1', tokenHash: 'ab'.repeat(32), pullSecret: false },
  limits: { memory: 2 * GIB, cpus: 2, pids: 512, disk: 10 * GIB },
};
const podSpec = (given: Partial<PodRuntimeSpec> = {}, set: Partial<PodSettings> = {}) =>
  podManifest({ ...spec, ...given }, { ...settings, ...set }).spec;

describe('a Pod', () => {
  it('is named and labelled so that it is found again', () => {
    expect(podManifest(spec, settings).metadata).toEqual({
      name: 'rt-1',
      namespace: 'sandboxes',
      labels: {
        'app.kubernetes.io/managed-by': 'troupe',
        'agent.wecode.io/executor': 'one',
        'agent.wecode.io/owner': '0123456789abcdef',
        'agent.wecode.io/runtime': 'rt-1',
      },
    });
  });

  it('of an executor with a name that no label takes has a hash of it', () => {
    const executorName = `${'long.'.repeat(20)}name`;
    const { labels } = podManifest(spec, { ...settings, executorName }).metadata;
    expect(labels?.['agent.wecode.io/executor']).toMatch(/^sha256-[0-9a-f]{32}$/);
  });

  // https://kubernetes.io/docs/concepts/security/pod-security-standards/, "Restricted", and beyond it.
  it.each([
    ['no service account', { automountServiceAccountToken: false }],
    ['no addresses of Services', { enableServiceLinks: false }],
    ['no namespace of the node', { hostNetwork: false, hostPID: false, hostIPC: false }],
    ['no second start', { restartPolicy: 'Never' }],
    ['no name that tells anything', { hostname: 'sandbox' }],
    [
      'no root',
      {
        securityContext: {
          ...{ runAsNonRoot: true, runAsUser: 10_001, runAsGroup: 10_001, fsGroup: 10_001 },
          ...{ fsGroupChangePolicy: 'OnRootMismatch', seccompProfile: { type: 'RuntimeDefault' } },
        },
      },
    ],
  ])('has %s', (_, expected) => expect(podSpec()).toMatchObject(expected));

  it.each([
    ['of the runner’s own image', undefined],
    ['of an image of somebody else', 'registry.example/odd:1'],
  ])('has containers without any right: %s', (_, image) => {
    const { containers, initContainers = [] } = podSpec(image === undefined ? {} : { image });
    for (const { securityContext } of [...containers, ...initContainers]) {
      expect(securityContext).toEqual({
        ...{ allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true },
        ...{ runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
        seccompProfile: { type: 'RuntimeDefault' },
      });
    }
  });

  it('limits all that it can use up, and asks for less', () => {
    expect(podSpec().containers[0]?.resources).toEqual({
      limits: { cpu: '2000m', memory: String(2 * GIB), 'ephemeral-storage': String(64 * 2 ** 20) },
      requests: {
        cpu: '250m',
        memory: String(512 * 2 ** 20),
        'ephemeral-storage': String(64 * 2 ** 20),
      },
    });
  });

  it('asks for no more than its limits', () => {
    const limits = { ...spec.limits, memory: 64 * 2 ** 20, cpus: 0.01 };
    expect(podSpec({ limits }).containers[0]?.resources?.requests).toMatchObject({
      ...{ cpu: '10m', memory: String(64 * 2 ** 20) },
    });
  });

  it.each([
    [{ kind: 'claim' } as const, { persistentVolumeClaim: { claimName: 'rt-1' } }],
    [{ kind: 'ephemeral' } as const, { emptyDir: { sizeLimit: String(10 * GIB) } }],
  ])('has its workspace as %j', (workspace, volume) => {
    const [first] = podSpec({}, { workspace }).volumes ?? [];
    expect(first).toEqual({ name: 'workspace', ...volume });
  });

  it('counts a workspace on the node among what the node may lose', () => {
    const { containers } = podSpec({}, { workspace: { kind: 'ephemeral' } });
    const storage = containers[0]?.resources?.limits?.['ephemeral-storage'];
    expect(Number(storage)).toBe(10 * GIB + 64 * 2 ** 20);
  });

  it.each([
    ['pod-ip' as const, { valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
    ['port-forward' as const, { value: '127.0.0.1' }],
  ])('listens where it is reached by %s', (reach, address) => {
    expect(podSpec({}, { reach }).containers[0]?.env).toContainEqual({
      name: 'TROUPE_RUNNER_HOST',
      ...address,
    });
  });

  it('has in its environment nothing that lets anybody in', () => {
    const names = podSpec().containers[0]?.env?.map(({ name }) => name);
    expect(names).toEqual([
      ...['TROUPE_RUNNER_PORT', 'TROUPE_RUNNER_TOKEN_SHA256', 'TROUPE_RUNNER_WORKSPACE'],
      ...['TROUPE_RUNNER_STATE', 'TROUPE_RUNNER_HOST'],
    ]);
  });

  it('of an image of somebody else gets the runner from its own image', () => {
    const image = 'registry.example/odd:1';
    const { containers, initContainers, imagePullSecrets } = podSpec({ image, pullSecret: true });
    expect(initContainers?.[0]).toMatchObject({ image: 'troupe-executor:1' });
    expect(containers[0]).toMatchObject({ image });
    expect(containers[0]?.volumeMounts).toContainEqual({
      ...{ name: 'runner', mountPath: '/opt/troupe', readOnly: true },
    });
    expect(imagePullSecrets).toEqual([{ name: 'rt-1' }]);
  });

  it('takes what the administrator says of all Pods, and its own labels go first', () => {
    const template = {
      metadata: { labels: { team: 'a', 'agent.wecode.io/runtime': 'x' }, annotations: { note: 'b' } },
      spec: {
        nodeSelector: { pool: 'agents' },
        tolerations: [{ key: 'agents', operator: 'Exists' }],
        imagePullSecrets: [{ name: 'registry' }],
      },
      requests: { cpu: '1' },
    };
    const pod = podManifest({ ...spec, pullSecret: true }, { ...settings, template, runtimeClass: 'gvisor' });
    expect(pod.metadata.labels).toMatchObject({ team: 'a', 'agent.wecode.io/runtime': 'rt-1' });
    expect(pod.metadata.annotations).toEqual({ note: 'b' });
    expect(pod.spec).toMatchObject({
      nodeSelector: { pool: 'agents' },
      runtimeClassName: 'gvisor',
      imagePullSecrets: [{ name: 'registry' }, { name: 'rt-1' }],
    });
    expect(pod.spec.tolerations?.map(({ key }) => key)).toEqual([
      ...['agents', 'node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
    ]);
    expect(pod.spec.containers[0]?.resources?.requests).toMatchObject({ cpu: '1' });
  });
});
