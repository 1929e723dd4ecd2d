import { hash } from 'node:crypto';
import type { Unstructured } from '../../machinery/meta.ts';
import { actionLine, askedImage } from '../../types/action.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { SandboxCondition, SandboxReason } from '../../types/sandboxes/sandbox.ts';

/**
 * A Sandbox as a Pod of core/v1, for the tools of people who know Pods. It is shown as a mirror of something that is
 * managed elsewhere, as the Pods are that a kubelet runs from files: controllers of other systems leave those alone.
 */

/** The only container of such a Pod. */
export const POD_CONTAINER = 'agent';

/**
 * Marks a mirror (kubernetes pkg/apis/core annotation_key_constants.go MirrorPodAnnotationKey). With the uid of what is
 * mirrored `kubectl describe` finds the Events about it.
 */
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** One line that says which action runs in place of an agent. */
const ACTION_ANNOTATION = 'agent.wecode.io/action';

/** No scheduler of another system has this name. */
const SCHEDULER = 'agent.wecode.io/sandbox';

/** Of the Sandbox as it is stored. */
export function podView(stored: Unstructured): Unstructured {
  const sandbox = stored as unknown as Sandbox;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podMetadata(stored, sandbox),
    spec: podSpec(sandbox),
    status: podStatus(sandbox),
  };
}

function podMetadata({ apiVersion, metadata }: Unstructured, { spec }: Sandbox): Unstructured['metadata'] {
  const { name, namespace, uid = '', resourceVersion, creationTimestamp, labels, annotations } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    uid: podUID(uid),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
    ...(labels !== undefined && { labels }),
    annotations: {
      ...annotations,
      ...(spec.action !== undefined && { [ACTION_ANNOTATION]: actionLine(spec.action) }),
      [MIRROR_ANNOTATION]: uid,
    },
    // A controller that looks for Pods to adopt passes over those that have one.
    ownerReferences: [{ apiVersion, kind: 'Sandbox', name, uid, controller: true }],
  };
}

/** Another one than that of the Sandbox, and always the same: caches go by uids (RFC 9562, version 8). */
export function podUID(sandboxUID: string): string {
  const digest = hash('sha256', `Pod of ${sandboxUID}`, 'hex');
  const variant = ((Number.parseInt(digest.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`];
  return [...parts, `${variant}${digest.slice(17, 20)}`, digest.slice(20, 32)].join('-');
}

function podSpec({ spec }: Sandbox): object {
  const { memory, cpu } = spec.resources ?? {};
  const { image } = askedImage(spec);
  const limits = { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
  return {
    containers: [
      {
        name: POD_CONTAINER,
        ...(image !== undefined && { image }),
        ...programOf(spec),
        resources: { limits, requests: limits },
        // Text that people type goes to the agent (pods/attach).
        stdin: true,
      },
    ],
    restartPolicy: 'Never',
    activeDeadlineSeconds: spec.timeoutSeconds,
    automountServiceAccountToken: false,
    ...(isSet(spec.executorName) && { nodeName: spec.executorName }),
    schedulerName: SCHEDULER,
  };
}

/** A script as `kubectl describe` shows programs of containers; its text is the argument. */
function programOf({ action }: Sandbox['spec']): { command?: string[]; args?: string[] } {
  const { command, run, shell = ['sh', '-e'] } = action?.script ?? {};
  if (command !== undefined) return { command };
  return run === undefined ? {} : { command: shell, args: [run] };
}

const isSet = (text: string | undefined): text is string => text !== undefined && text !== '';

type PodPhase = 'Failed' | 'Pending' | 'Running' | 'Succeeded';

const PHASES: ReadonlyMap<string, PodPhase> = new Map([
  ['Running', 'Running'],
  ['Succeeded', 'Succeeded'],
  // It asks a person something, and did its work up to there.
  ['Suspended', 'Succeeded'],
  ['Failed', 'Failed'],
  ['Cancelled', 'Failed'],
]);

/** As `status.phase` of the Pod says it; Pending until the agent runs. */
export const podPhase = ({ status }: Pick<Sandbox, 'status'>): PodPhase =>
  PHASES.get(status?.phase ?? '') ?? 'Pending';

function podStatus(sandbox: Sandbox): object {
  const { startedAt, message } = sandbox.status ?? {};
  const phase = podPhase(sandbox);
  return {
    phase,
    conditions: podConditions(sandbox),
    // The container has the reason, which kubectl shows.
    ...(phase === 'Failed' && isSet(message) && { message }),
    ...(startedAt !== undefined && { startTime: startedAt }),
    qosClass: 'Guaranteed',
    ...(isSet(sandbox.spec.executorName) && { containerStatuses: [containerStatus(sandbox)] }),
  };
}

type Condition = NonNullable<NonNullable<Sandbox['status']>['conditions']>[number];

/** In the order in which a kubelet writes them. */
function podConditions(sandbox: Sandbox): object[] {
  const { conditions = [], startedAt } = sandbox.status ?? {};
  const find = (type: string): Condition | undefined => conditions.find((one) => one.type === type);
  const ready = readiness(podPhase(sandbox), find(SandboxCondition.Ready));
  const since = startedAt === undefined ? {} : { lastTransitionTime: startedAt };
  return [
    { type: 'Initialized', status: startedAt === undefined ? 'False' : 'True', ...since },
    { type: 'Ready', ...ready },
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', ...scheduling(sandbox, find(SandboxCondition.Scheduled)) },
  ];
}

function readiness(phase: PodPhase, ready: Condition | undefined): object {
  if (ready?.status === 'True') return { status: 'True', lastTransitionTime: ready.lastTransitionTime };
  return {
    status: 'False',
    reason: NOT_READY.get(phase) ?? 'ContainersNotReady',
    ...(isSet(ready?.message) && { message: ready.message }),
    ...(ready !== undefined && { lastTransitionTime: ready.lastTransitionTime }),
  };
}

const NOT_READY: ReadonlyMap<PodPhase, string> = new Map([
  ['Succeeded', 'PodCompleted'],
  ['Failed', 'PodFailed'],
]);

function scheduling({ spec }: Sandbox, scheduled: Condition | undefined): object {
  const since = scheduled === undefined ? {} : { lastTransitionTime: scheduled.lastTransitionTime };
  if (isSet(spec.executorName)) return { status: 'True', ...since };
  const message = isSet(scheduled?.message) ? { message: scheduled.message } : {};
  return { status: 'False', reason: 'Unschedulable', ...message, ...since };
}

function containerStatus(sandbox: Sandbox): object {
  const { spec, status = {} } = sandbox;
  const isRunning = podPhase(sandbox) === 'Running';
  return {
    name: POD_CONTAINER,
    state: containerState(sandbox),
    lastState: {},
    ready: isRunning && status.conditions?.some(isReady) === true,
    // Each attempt at a node has a Sandbox of its own; `kubectl logs --previous` shows the one before.
    restartCount: Math.max(0, (spec.attempt ?? 1) - 1),
    image: askedImage(spec).image ?? '',
    imageID: '',
    ...(isSet(status.runtime?.name) && { containerID: `troupe://${status.runtime.name}` }),
    started: isRunning,
  };
}

const isReady = ({ type, status }: { type: string; status: string }): boolean =>
  type === SandboxCondition.Ready && status === 'True';

function containerState(sandbox: Sandbox): object {
  const { startedAt, runningAt, finishedAt, reason, message } = sandbox.status ?? {};
  const phase = podPhase(sandbox);
  if (phase === 'Running') return { running: { startedAt: runningAt ?? startedAt ?? null } };
  if (phase === 'Pending') {
    const why = waitingReason(reason);
    return { waiting: { reason: why, ...(isSet(message) && { message }) } };
  }
  return {
    terminated: {
      exitCode: phase === 'Succeeded' ? 0 : 1,
      reason: terminatedReason(sandbox),
      ...(isSet(message) && { message }),
      startedAt: runningAt ?? startedAt ?? null,
      finishedAt: finishedAt ?? null,
    },
  };
}

/** The kubelet's word, where there is nothing special to say. */
function waitingReason(reason: string | undefined): string {
  const isUsual = reason === undefined || reason === '' || reason === SandboxReason.Starting;
  return isUsual ? 'ContainerCreating' : reason;
}

function terminatedReason({ status }: Sandbox): string {
  if (status?.phase === 'Succeeded') return 'Completed';
  return isSet(status?.reason) ? status.reason : (status?.phase ?? 'Error');
}
