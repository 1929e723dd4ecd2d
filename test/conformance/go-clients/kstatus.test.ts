import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDefinitions } from '#api/schema/load-crds';
import { objectStatus } from '#sync/readiness/kstatus';
import { mustRun } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { ROOT } from '../../kit/paths.ts';

const judge = goProgram('health-judge');
const SCRIPT = path.join(ROOT, 'docs/argo-cd-health.lua');

/** By the library of kstatus, and by the script for Argo CD. */
interface Verdict {
  kstatus: string;
  argo: string;
}

const NOW = '2026-11-30T00:00:00Z';
const condition = (type: string, status: string): object => ({
  ...{ type, status, reason: 'Tested', message: 'Tested.', lastTransitionTime: NOW, observedGeneration: 2 },
});

const STATES: { state: string; status?: object; metadata?: object; want: Verdict }[] = [
  {
    state: 'ready',
    status: { observedGeneration: 2, conditions: [condition('Ready', 'True')] },
    want: { kstatus: 'Current', argo: 'Healthy' },
  },
  {
    state: 'ready as it was before',
    status: { observedGeneration: 1, conditions: [condition('Ready', 'True')] },
    want: { kstatus: 'InProgress', argo: 'Progressing' },
  },
  {
    state: 'unknown',
    status: { observedGeneration: 2, conditions: [condition('Ready', 'Unknown')] },
    want: { kstatus: 'InProgress', argo: 'Progressing' },
  },
  {
    state: 'not ready',
    status: { observedGeneration: 2, conditions: [condition('Ready', 'False')] },
    want: { kstatus: 'InProgress', argo: 'Degraded' },
  },
  {
    state: 'under way',
    status: {
      observedGeneration: 2,
      conditions: [condition('Ready', 'False'), condition('Reconciling', 'True')],
    },
    want: { kstatus: 'InProgress', argo: 'Progressing' },
  },
  {
    state: 'stalled',
    status: {
      observedGeneration: 2,
      conditions: [condition('Ready', 'False'), condition('Stalled', 'True')],
    },
    want: { kstatus: 'Failed', argo: 'Degraded' },
  },
  {
    state: 'without a condition Ready',
    status: { observedGeneration: 2, conditions: [condition('Other', 'True')] },
    want: { kstatus: 'Current', argo: 'Healthy' },
  },
  {
    state: 'being deleted',
    metadata: { deletionTimestamp: NOW },
    status: { conditions: [condition('Ready', 'True')] },
    want: { kstatus: 'Terminating', argo: 'Healthy' },
  },
];

const KINDS = loadDefinitions().filter(({ builtIn, hasStatus }) => !builtIn && hasStatus);

/** Nobody waits for them. */
const GET_NO_READY = ['APIKey', 'Approval', 'JoinToken', 'TaskRevision'];

const object = (
  kind: (typeof KINDS)[number],
  { metadata, status }: { metadata?: object; status?: object },
) => ({
  apiVersion: `${kind.group}/${kind.version}`,
  kind: kind.kind,
  metadata: { name: 'a', generation: 2, ...metadata },
  ...(status === undefined ? {} : { status }),
});

async function judged(objects: readonly object[]): Promise<Verdict[]> {
  return JSON.parse(await mustRun(judge.path, [SCRIPT], { stdin: JSON.stringify(objects) })) as Verdict[];
}

describe.skipIf(judge.missing)('health, by the library of kstatus and the script for Argo CD', () => {
  it.each(KINDS)('of $kind', async (kind) => {
    const objects = STATES.map((state) => object(kind, state));
    const verdicts = await judged(objects);
    expect(STATES.map(({ state }, index) => ({ state, ...verdicts[index] }))).toEqual(
      STATES.map(({ state, want }) => ({ state, ...want })),
    );
    // `troupe sync` waits by these rules and one more.
    const own = objects.map((one) => objectStatus(one).state);
    const rule = (state: string): boolean =>
      state === 'without a condition Ready' && !GET_NO_READY.includes(kind.kind);
    expect(own).toEqual(STATES.map(({ state, want }) => (rule(state) ? 'InProgress' : want.kstatus)));
  });

  it('of what nobody has looked at yet is good for kstatus, and not for the others', async () => {
    const objects = KINDS.map((kind) => object(kind, {}));
    const verdicts = await judged(objects);
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict)))).toEqual(
      new Set([JSON.stringify({ kstatus: 'Current', argo: 'Progressing' })]),
    );
    const current = objects.filter((one) => objectStatus(one).state === 'Current');
    expect(current.map(({ kind }) => kind)).toEqual(GET_NO_READY);
  });

  it.each([
    {
      reason: 'a Task that runs',
      kind: 'Task',
      conditions: [
        ['Ready', 'True'],
        ['Finished', 'False'],
      ],
      kstatus: 'Current',
      argo: 'Healthy',
    },
    {
      reason: 'a Task that failed',
      kind: 'Task',
      conditions: [
        ['Ready', 'True'],
        ['Finished', 'True'],
        ['Failed', 'True'],
        ['Stalled', 'True'],
      ],
      kstatus: 'Failed',
      argo: 'Degraded',
    },
    {
      reason: 'a Sandbox that is done',
      kind: 'Sandbox',
      conditions: [
        ['Ready', 'False'],
        ['Finished', 'True'],
      ],
      kstatus: 'InProgress',
      argo: 'Healthy',
    },
  ])('of $reason', async ({ kind, conditions, kstatus, argo }) => {
    const definition = KINDS.find((one) => one.kind === kind);
    if (definition === undefined) throw new Error(`there is no kind ${kind}`);
    const status = {
      observedGeneration: 2,
      conditions: conditions.map(([type = '', state = '']) => condition(type, state)),
    };
    expect(await judged([object(definition, { status })])).toEqual([{ kstatus, argo }]);
  });
});
