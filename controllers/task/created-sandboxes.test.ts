import { expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import { CreatedSandboxes } from './created-sandboxes.ts';

const sandbox: Sandbox = {
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sandbox',
  metadata: { name: 's', namespace: 'n' },
  spec: { taskRef: { name: 't', uid: 'u' }, timeoutSeconds: 1 },
};
const made: Sandbox = { ...sandbox, metadata: { ...sandbox.metadata, uid: 'v' } };

it.each([
  { reason: 'made', steps: ['expect', 'made'], want: [made] },
  { reason: 'not answered yet', steps: ['expect'], want: [] },
  { reason: 'made and shown', steps: ['expect', 'made', 'forget'], want: [] },
  { reason: 'shown before the answer', steps: ['expect', 'forget', 'made'], want: [] },
  { reason: 'never seen again', steps: ['expect', 'made', 'wait'], want: [] },
] as const)('$reason', ({ steps, want }) => {
  const timers = new Set<() => void>();
  const looked: string[] = [];
  const created = new CreatedSandboxes({
    clock: {
      after(_ms, act) {
        timers.add(act);
        return () => timers.delete(act);
      },
    },
    onUnseen: (taskKey) => looked.push(taskKey),
  });
  const act = {
    expect: () => created.expect(sandbox),
    made: () => created.made(made),
    forget: () => created.forget(made),
    wait: () => timers.forEach((fire) => fire()),
  };
  for (const step of steps) act[step]();
  expect(created.of('u')).toEqual(want);
  expect(created.of('another Task')).toEqual([]);
  expect(looked).toEqual(steps.some((step) => step === 'wait') ? ['n/t'] : []);
  if (steps.some((step) => step === 'forget')) expect(timers.size).toBe(0);
});
