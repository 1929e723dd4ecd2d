import { expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import { CreatedSandboxes, UNSEEN_MS } from './created-sandboxes.ts';

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
  let now = 1000;
  const created = new CreatedSandboxes({ now: () => now });
  const act = {
    expect: () => created.expect(sandbox),
    made: () => created.made(made),
    forget: () => created.forget(made),
    wait: () => (now += UNSEEN_MS),
  };
  for (const step of steps) act[step]();
  expect(created.of('u')).toEqual(want);
  expect(created.of('another Task')).toEqual([]);
});
