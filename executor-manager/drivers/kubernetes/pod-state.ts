import type {
  V1ContainerStateTerminated,
  V1ContainerStateWaiting,
  V1ContainerStatus,
} from '@kubernetes/client-node';
import { StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import { ImageUnavailable } from '../image-unavailable.ts';
import { REMOVED } from '../driver.ts';
import type { RuntimeExit } from '../driver.ts';
import type { Pod } from './cluster-objects.ts';
import { CONTAINER } from './pod-manifest.ts';

/** How far the start of a Pod is. */
export type PodStart =
  | { kind: 'started' }
  /** `message` is a sentence for people, where it may take long. */
  | { kind: 'waiting'; message?: string; pulling?: boolean }
  /** For good. */
  | { kind: 'failed'; error: StatusError };

const STARTING: PodStart = { kind: 'waiting' };

export function isRunning(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    runnerStatus(pod)?.state?.running !== undefined &&
    !isOver(pod)
  );
}

/** Whether it has come to an end by itself, and only waits to be removed. */
export function isOver({ status }: Pod): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded';
}

/** How the start of a Pod that is there stands (kubelet, kuberuntime: the reasons of containers that wait). */
export function podStart(pod: Pod): PodStart {
  const { status } = pod;
  if (pod.metadata.deletionTimestamp !== undefined) return failed('InternalError', 'the Pod was deleted');
  if (runnerStatus(pod)?.state?.running !== undefined)
    return status?.podIP === undefined ? STARTING : { kind: 'started' };
  const terminated = lastEnd(pod);
  if (terminated !== undefined) return failed(...endedEarly(terminated));
  if (isOver(pod)) return failed('InternalError', `the Pod ${clusterEnd(pod)}`);
  for (const { image, state } of allStatuses(pod)) {
    const found = state?.waiting && waitingStart(image, state.waiting);
    if (found !== undefined) return found;
  }
  return unscheduled(pod) ?? STARTING;
}

function failed(reason: StatusReason, message: string): PodStart {
  return { kind: 'failed', error: new StatusError(reason, message) };
}

function runnerStatus({ status }: Pod): V1ContainerStatus | undefined {
  return status?.containerStatuses?.find(({ name }) => name === CONTAINER);
}

function allStatuses({ status }: Pod): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** Of the runner, or of a container before it that failed. */
function lastEnd(pod: Pod): V1ContainerStateTerminated | undefined {
  const before = (pod.status?.initContainerStatuses ?? []).map(({ state }) => state?.terminated);
  return (
    before.find((end) => end !== undefined && end.exitCode !== 0) ?? runnerStatus(pod)?.state?.terminated
  );
}

/** The container could not be made: the image, or what is mounted, is wrong (kubelet: StartError, ContainerCannotRun). */
function endedEarly({ reason, message, exitCode }: V1ContainerStateTerminated): [StatusReason, string] {
  const cannotRun = reason === 'StartError' || reason === 'ContainerCannotRun';
  const why = message === undefined ? '' : `: ${message.trim()}`;
  return cannotRun
    ? ['BadRequest', `the container cannot be started${why}`]
    : ['InternalError', `the container exited with code ${exitCode} at once${why}`];
}

/** The kubelet tries again, which does not help: the name is wrong, or the node may not pull. */
const NEVER: ReadonlySet<string> = new Set(['InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError']);
const PULL: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const CREATE: ReadonlySet<string> = new Set([
  ...['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'PostStartHookError'],
]);

/** The words of registries and runtimes for what another try does not change. */
const FINAL: readonly [RegExp, StatusReason][] = [
  [/unauthorized|access denied|authentication required|authorization failed|forbidden|denied:/i, 'Forbidden'],
  [/not found|manifest unknown|name unknown|does not exist/i, 'NotFound'],
  [/no match(ing manifest)? for|unsupported|invalid/i, 'BadRequest'],
];

function waitingStart(
  image: string,
  { reason = '', message = '' }: V1ContainerStateWaiting,
): PodStart | undefined {
  if (NEVER.has(reason)) return unavailable('BadRequest', image, `${reason}${message && `: ${message}`}`);
  if (CREATE.has(reason))
    return failed('InternalError', `the container cannot be made: ${message || reason}`);
  if (!PULL.has(reason)) return undefined;
  const found = FINAL.find(([pattern]) => pattern.test(message));
  if (found !== undefined) return unavailable(found[1], image, message);
  // The first failure may be of the moment; the kubelet waits ten seconds after it and says so.
  const again = `Pulling image ${image}, again: ${message || reason}.`;
  return reason === 'ErrImagePull'
    ? { kind: 'waiting', message: again, pulling: true }
    : failed('InternalError', `image ${image} cannot be pulled: ${message || reason}`);
}

function unavailable(reason: StatusReason, image: string, words: string): PodStart {
  return {
    kind: 'failed',
    error: new ImageUnavailable(reason, `image ${image} cannot be pulled: ${words}`),
  };
}

/** A node may come, by a cluster's autoscaler or when another Pod ends. */
function unscheduled({ status }: Pod): PodStart | undefined {
  const found = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (found?.status !== 'False') return undefined;
  return {
    kind: 'waiting',
    message: `No node for the Pod yet: ${found.message ?? found.reason ?? 'unknown'}`,
  };
}

/**
 * How a Pod has ended; undefined while something may run in it. `before` is its last known state, of one that is gone.
 * A node that is silent ends nothing that can be seen: the cluster's decision to give its Pods up counts.
 */
export function podExit(pod: Pod | undefined, before?: Pod): RuntimeExit | undefined {
  if (pod === undefined) {
    const how = before === undefined ? undefined : disruption(before);
    return { how: how ?? REMOVED, outOfMemory: false, byEngine: true };
  }
  const end = runnerStatus(pod)?.state?.terminated;
  if (end === undefined && !isOver(pod) && !isLost(pod)) return undefined;
  const byCluster = disruption(pod) ?? (end === undefined ? clusterEnd(pod) : undefined);
  if (byCluster !== undefined) return { how: byCluster, outOfMemory: false, byEngine: true };
  if (pod.metadata.deletionTimestamp !== undefined)
    return { how: REMOVED, outOfMemory: false, byEngine: true };
  const { exitCode = 0, reason, message = '' } = end ?? {};
  const error = message === '' ? '' : ` (${message.trim()})`;
  return { how: `exited with code ${exitCode}${error}`, outOfMemory: reason === 'OOMKilled' };
}

const GIVEN_UP: ReadonlySet<string> = new Set(['DeletionByTaintManager', 'DeletionByPodGC']);

/** Whether the cluster has given it up with its node: it stays until the node is back, or is deleted. */
export function isLost(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && GIVEN_UP.has(disruptionTarget(pod)?.reason ?? '');
}

function disruptionTarget({ status }: Pod) {
  return status?.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
}

/** By the reasons of the condition DisruptionTarget (KEP-3329), and of a kubelet that is short of something. */
function disruption(pod: Pod): string | undefined {
  const { status, spec } = pod;
  const node = spec.nodeName ?? 'unknown';
  if (status?.reason === 'Evicted') return `was evicted from its node${words(status.message)}`;
  switch (disruptionTarget(pod)?.reason) {
    case undefined:
      return undefined;
    case 'PreemptionByScheduler':
      return 'had to make room for a Pod of a higher priority';
    case 'DeletionByTaintManager':
    case 'DeletionByPodGC':
      return `was lost with its node ${node}, which does not answer or was tainted`;
    case 'EvictionByEvictionAPI':
      return `was evicted, as by a drain of its node ${node}`;
    default:
      return `was ended by its node ${node}${words(disruptionTarget(pod)?.message)}`;
  }
}

/** Of a Pod that ended without its container having done so: refused by the kubelet, or by the cluster. */
function clusterEnd({ status, spec }: Pod): string {
  const why = [status?.reason, status?.message].filter((text) => text !== undefined).join(': ');
  return `was ended by the node ${spec.nodeName ?? 'unknown'}${words(why)}`;
}

const words = (text: string | undefined): string => {
  const said = text?.trim().replace(/\.$/, '') ?? '';
  return said === '' ? '' : ` (${said})`;
};
