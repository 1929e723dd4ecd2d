import type {
  V1Container,
  V1EnvVar,
  V1PodSpec,
  V1ResourceRequirements,
  V1Volume,
} from '@kubernetes/client-node';
import {
  IMAGE_ENVIRONMENT_IS_OWN,
  RUNNER_CONTAINER_PORT,
  RUNNER_ENV,
} from '../../protocol/runner-environment.ts';
import type { RuntimeSpec } from '../driver.ts';
import type { Pod } from './cluster-objects.ts';
import { runtimeMeta } from './labels.ts';
import type { Owner } from './labels.ts';
import type { Reach, WorkspaceStorage } from './kubernetes-settings.ts';
import type { PodTemplate } from './pod-template.ts';

export interface PodSettings extends Owner {
  /** The image with the runner in it. */
  image: string;
  workspace: WorkspaceStorage;
  reach: Reach;
  runtimeClass?: string | undefined;
  template: PodTemplate;
}

export type PodRuntimeSpec = Omit<RuntimeSpec, 'registryCredential'> & {
  /** Whether there is a Secret of the runtime's name for the registry of its image. */
  pullSecret: boolean;
};

/** The one container that counts. */
export const CONTAINER = 'runner';
/** Copies the runner to where an image of somebody else finds it. */
export const RUNNER_COPY = 'runner-copy';

/** The user `agent` of the image. */
const USER = 10_001;
const MIB = 2 ** 20;
const RUNNER_FOLDER = '/opt/troupe';
/** In memory, as with every driver: the runner's events, the agent's home and its scripts go with the Pod. */
const IN_MEMORY = { state: 512 * MIB, tmp: 512 * MIB, home: 256 * MIB };
/** The container's log, and what the kubelet counts beside it. */
const LOG_BYTES = 64 * MIB;
/** Of the runner and its programs, which a Pod with an image of somebody else has a copy of. */
const RUNNER_BYTES = 2048 * MIB;
/** Seconds that Pods stay on a node which has become silent; by default 300 (DefaultTolerationSeconds). */
const LOST_NODE_SECONDS = 30;
/** An agent waits for its model most of the time. */
const REQUESTS = { cpu: 0.25, memory: 512 * MIB };

/**
 * A Pod that is trusted with nothing (DESIGN, decision 7), as the Pod Security Standard "restricted" asks and beyond: no
 * root, no capabilities, no new privileges, nothing writable but its workspace and folders in memory, no token of the
 * cluster, and limits on all it can use up. The number of its processes is limited by the kubelet (podPidsLimit): a Pod
 * has no field for it.
 */
export function podManifest(spec: PodRuntimeSpec, settings: PodSettings): Pod {
  const { metadata = {} } = settings.template;
  const meta = runtimeMeta(spec.id, settings);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta,
      labels: { ...metadata.labels, ...meta.labels },
      ...(metadata.annotations && { annotations: metadata.annotations }),
    },
    spec: podSpec(spec, settings),
  };
}

function podSpec(spec: PodRuntimeSpec, settings: PodSettings): V1PodSpec {
  const { template, runtimeClass, image } = settings;
  const custom = customImage(spec, settings);
  const container = runnerContainer(spec, settings);
  return {
    ...template.spec,
    tolerations: [...(template.spec?.tolerations ?? []), ...lostNode()],
    imagePullSecrets: [
      ...(template.spec?.imagePullSecrets ?? []),
      ...(spec.pullSecret ? [{ name: spec.id }] : []),
    ],
    ...(runtimeClass !== undefined && { runtimeClassName: runtimeClass }),
    restartPolicy: 'Never',
    // No name of the node, no name of a Task: nothing for the agent to learn.
    hostname: 'sandbox',
    ...{ automountServiceAccountToken: false, enableServiceLinks: false },
    ...{ hostNetwork: false, hostPID: false, hostIPC: false },
    // The first process of the Pod reaps what the agent leaves behind; the runner does not.
    shareProcessNamespace: true,
    terminationGracePeriodSeconds: 2,
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: USER, runAsGroup: USER },
      ...{ fsGroup: USER, fsGroupChangePolicy: 'OnRootMismatch' },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(custom !== undefined && { initContainers: [runnerCopy(image, container)] }),
    containers: [container],
    volumes: volumes(spec, settings),
  };
}

function runnerContainer(spec: PodRuntimeSpec, settings: PodSettings): V1Container {
  const custom = customImage(spec, settings);
  return {
    name: CONTAINER,
    image: custom ?? settings.image,
    imagePullPolicy: 'IfNotPresent',
    // Whatever the image says: the runner gets the signals itself, and no program of the image runs beside it.
    command: [...(custom === undefined ? [] : withoutLoaders()), ...RUNNER],
    workingDir: '/workspace',
    env: [
      ...Object.entries(runnerEnvironment(spec, custom)).map(([name, value]) => ({ name, value })),
      listenAddress(settings),
    ],
    ports: [{ name: 'runner', containerPort: RUNNER_CONTAINER_PORT, protocol: 'TCP' }],
    securityContext: security(),
    resources: resources(spec, settings),
    volumeMounts: [
      { name: 'workspace', mountPath: '/workspace' },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'state', mountPath: '/run/troupe' },
      { name: 'home', mountPath: '/home/agent' },
      ...(custom === undefined ? [] : [{ name: 'runner', mountPath: RUNNER_FOLDER, readOnly: true }]),
    ],
  };
}

const RUNNER = [`${RUNNER_FOLDER}/node`, `${RUNNER_FOLDER}/runner.cjs`];

/** Variables of an image by which programs of its own would be loaded into the runner. */
function withoutLoaders(): string[] {
  const names = ['NODE_OPTIONS', 'NODE_PATH', 'LD_PRELOAD', 'LD_AUDIT', 'BASH_ENV'];
  return [`${RUNNER_FOLDER}/bin/env`, ...names.map((name) => `--unset=${name}`)];
}

/** Undefined where the runner's own image is used. */
function customImage({ image }: Pick<RuntimeSpec, 'image'>, settings: PodSettings): string | undefined {
  return image === settings.image ? undefined : image;
}

function runnerEnvironment(spec: PodRuntimeSpec, custom: string | undefined): Record<string, string> {
  return {
    [RUNNER_ENV.port]: String(RUNNER_CONTAINER_PORT),
    [RUNNER_ENV.tokenHash]: spec.tokenHash,
    [RUNNER_ENV.workspace]: '/workspace',
    [RUNNER_ENV.state]: '/run/troupe',
    // Only the node knows which variables the image has.
    ...(custom !== undefined && { [RUNNER_ENV.imageEnvironment]: IMAGE_ENVIRONMENT_IS_OWN }),
  };
}

/** Whichever kind of address the cluster has; ports are forwarded to the loopback interface of the Pod. */
function listenAddress({ reach }: PodSettings): V1EnvVar {
  const name = RUNNER_ENV.host;
  if (reach === 'port-forward') return { name, value: '127.0.0.1' };
  return { name, valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } };
}

function security() {
  return {
    ...{ allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true },
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function resources(spec: PodRuntimeSpec, settings: PodSettings): V1ResourceRequirements {
  const { template, workspace } = settings;
  const { limits } = spec;
  const memory = Math.floor(limits.memory);
  const storage =
    LOG_BYTES +
    (workspace.kind === 'ephemeral' ? Math.ceil(limits.disk) : 0) +
    (customImage(spec, settings) === undefined ? 0 : RUNNER_BYTES);
  const requests = {
    cpu: cores(Math.min(limits.cpus, REQUESTS.cpu)),
    memory: String(Math.min(memory, REQUESTS.memory)),
    'ephemeral-storage': String(LOG_BYTES),
    ...template.requests,
  };
  return {
    limits: { cpu: cores(limits.cpus), memory: String(memory), 'ephemeral-storage': String(storage) },
    requests,
  };
}

const cores = (count: number): string => `${Math.max(1, Math.round(count * 1000))}m`;

function volumes(spec: PodRuntimeSpec, settings: PodSettings): V1Volume[] {
  const memory = (name: keyof typeof IN_MEMORY): V1Volume => ({
    name,
    emptyDir: { medium: 'Memory', sizeLimit: String(IN_MEMORY[name]) },
  });
  const custom = customImage(spec, settings);
  return [
    workspace(spec, settings),
    ...[memory('tmp'), memory('state'), memory('home')],
    ...(custom === undefined ? [] : [{ name: 'runner', emptyDir: { sizeLimit: String(RUNNER_BYTES) } }]),
  ];
}

function workspace({ id, limits }: PodRuntimeSpec, settings: PodSettings): V1Volume {
  const name = 'workspace';
  if (settings.workspace.kind === 'claim') return { name, persistentVolumeClaim: { claimName: id } };
  return { name, emptyDir: { sizeLimit: String(Math.ceil(limits.disk)) } };
}

function runnerCopy(image: string, { resources: same }: V1Container): V1Container {
  return {
    name: RUNNER_COPY,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: [`${RUNNER_FOLDER}/bin/cp`, '--recursive', '--no-dereference', `${RUNNER_FOLDER}/.`, '/runner/'],
    securityContext: security(),
    ...(same && { resources: same }),
    volumeMounts: [{ name: 'runner', mountPath: '/runner' }],
  };
}

function lostNode() {
  return ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: LOST_NODE_SECONDS,
  }));
}
