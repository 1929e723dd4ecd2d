import type { V1ContainerState, V1PodStatus } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ImageUnavailable } from '../image-unavailable.ts';
import type { Pod } from './cluster-objects.ts';
import { isRunning, podExit, podStart } from './pod-state.ts';

const IMAGE = 'registry.example/odd:1';

function pod(status: Partial<V1PodStatus> = {}, deleted = false): Pod {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'rt-1', ...(deleted && { deletionTimestamp: '2026-11-30T00:00:00Z' }) },
    spec: { containers: [], nodeName: 'n1' },
    status,
  };
}

/** Its container in a state. */
function runner(state: V1ContainerState): Partial<V1PodStatus> {
  const common = { name: 'runner', image: IMAGE, imageID: '', ready: false, restartCount: 0 };
  return { containerStatuses: [{ ...common, state }] };
}
const waiting = (reason: string, message: string) => runner({ waiting: { reason, message } });
const terminated = (exitCode: number, rest: object = {}) => runner({ terminated: { exitCode, ...rest } });
const RUNNING = { phase: 'Running', podIP: '10.1.1.1', ...runner({ running: {} }) };
const disrupted = (reason: string, message = '') => ({
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message }],
});

describe('the start of a Pod', () => {
  it.each<[string, Partial<V1PodStatus>, object]>([
    ['that nobody has looked at', {}, { kind: 'waiting' }],
    ['whose container is made', waiting('ContainerCreating', ''), { kind: 'waiting' }],
    ['that runs', RUNNING, { kind: 'started' }],
    ['that has no address yet', runner({ running: {} }), { kind: 'waiting' }],
    [
      'without a node',
      {
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/1 nodes are available.',
          },
        ],
      },
      { kind: 'waiting', message: 'No node for the Pod yet: 0/1 nodes are available.' },
    ],
    [
      'whose registry does not answer',
      waiting('ErrImagePull', 'dial tcp: i/o timeout'),
      { kind: 'waiting', pulling: true },
    ],
  ])('%s', (_, status, expected) => expect(podStart(pod(status))).toMatchObject(expected));

  it.each<[string, Partial<V1PodStatus>, string, RegExp]>([
    ['of no image', waiting('ErrImagePull', 'manifest unknown: not found'), 'NotFound', /cannot be pulled/],
    ['of a closed registry', waiting('ImagePullBackOff', '401 Unauthorized'), 'Forbidden', /odd:1/],
    ['of no name', waiting('InvalidImageName', 'couldn’t parse'), 'BadRequest', /InvalidImageName/],
    ['of a node that may not pull', waiting('ErrImageNeverPull', 'absent'), 'BadRequest', /NeverPull/],
  ])('fails for its image: %s', (_, status, reason, message) => {
    const start = podStart(pod(status));
    expect(start).toMatchObject({
      kind: 'failed',
      error: { reason, message: expect.stringMatching(message) },
    });
    expect(start.kind === 'failed' && start.error).toBeInstanceOf(ImageUnavailable);
  });

  it.each<[string, Partial<V1PodStatus>, string, RegExp]>([
    [
      'whose registry still does not answer',
      waiting('ImagePullBackOff', 'Back-off: i/o timeout'),
      'InternalError',
      /i\/o timeout/,
    ],
    [
      'whose volume is wrong',
      waiting('CreateContainerError', 'no such path'),
      'InternalError',
      /no such path/,
    ],
    [
      'whose program is not there',
      terminated(128, { reason: 'StartError', message: 'exec: no such file' }),
      'BadRequest',
      /exec: no such file/,
    ],
    ['that ends at once', terminated(3), 'InternalError', /exited with code 3 at once/],
    [
      'that its node refuses',
      { phase: 'Failed', reason: 'OutOfcpu', message: 'Node didn’t have enough resource: cpu' },
      'InternalError',
      /OutOfcpu/,
    ],
  ])('fails otherwise: %s', (_, status, reason, message) => {
    expect(podStart(pod(status))).toMatchObject({
      kind: 'failed',
      error: { name: 'StatusError', reason, message: expect.stringMatching(message) },
    });
  });
});

describe('the end of a Pod', () => {
  it.each<[string, Pod, object | undefined]>([
    ['runs', pod(RUNNING), undefined],
    ['is told to end', pod(RUNNING, true), undefined],
    ['drained, not ended', pod({ ...RUNNING, ...disrupted('EvictionByEvictionAPI') }, true), undefined],
    ['ended', pod(terminated(137)), { how: 'exited with code 137', outOfMemory: false }],
    [
      'out of memory',
      pod(terminated(137, { reason: 'OOMKilled' })),
      { how: 'exited with code 137', outOfMemory: true },
    ],
    ['deleted', pod(terminated(0), true), { how: 'was removed', byEngine: true }],
    [
      'of a node short of disk',
      pod({
        phase: 'Failed',
        reason: 'Evicted',
        message: 'The node was low on resource: ephemeral-storage. ',
      }),
      { how: 'was evicted from its node (The node was low on resource: ephemeral-storage)', byEngine: true },
    ],
    [
      'drained',
      pod({ ...terminated(137), ...disrupted('EvictionByEvictionAPI') }, true),
      { how: 'was evicted, as by a drain of its node n1', byEngine: true },
    ],
    [
      'of a node that is silent',
      pod({ ...RUNNING, ...disrupted('DeletionByTaintManager') }, true),
      { how: 'was lost with its node n1, which does not answer or was tainted', byEngine: true },
    ],
    [
      'of less priority',
      pod({ phase: 'Failed', ...disrupted('PreemptionByScheduler') }),
      { how: 'had to make room for a Pod of a higher priority', byEngine: true },
    ],
  ])('%s', (_, given, expected) => {
    if (expected === undefined) expect(podExit(given)).toBeUndefined();
    else expect(podExit(given)).toMatchObject(expected);
  });

  it('that is gone is known by its last state', () => {
    expect(podExit(undefined)).toEqual({ how: 'was removed', outOfMemory: false, byEngine: true });
    const last = pod({ ...RUNNING, ...disrupted('EvictionByEvictionAPI') }, true);
    expect(podExit(undefined, last)?.how).toBe('was evicted, as by a drain of its node n1');
  });

  it('is not while it runs', () => {
    expect(isRunning(pod(RUNNING))).toBe(true);
    expect(isRunning(pod(RUNNING, true))).toBe(false);
    expect(isRunning(pod({ ...RUNNING, phase: 'Failed' }))).toBe(false);
  });
});
