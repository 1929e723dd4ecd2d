import { describe, expect, it } from 'vitest';
import type { SandboxAction } from '../../types/generated/sandbox.ts';
import { podView } from './pod-view.ts';

interface Shown {
  metadata: { annotations: Record<string, string> };
  spec: { containers: object[] };
}

function view(action: SandboxAction): Shown {
  const pod: unknown = podView({
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 's', namespace: 'ns', uid: 'u' },
    spec: { taskRef: { name: 't', uid: 'v' }, step: 0, attempt: 1, timeoutSeconds: 1, action },
  });
  return pod as Shown;
}

describe('the Pod of an action', () => {
  it.each<{ action: SandboxAction; annotation: string; container: object }>([
    {
      action: { script: { run: 'npm test\n', image: 'node:24' } },
      annotation: 'npm test',
      container: { image: 'node:24', command: ['sh', '-e'], args: ['npm test\n'] },
    },
    {
      action: { script: { command: ['make', 'test'] } },
      annotation: 'make test',
      container: { command: ['make', 'test'] },
    },
    {
      action: { http: { url: 'https://example.com/a?b=c' } },
      annotation: 'GET https://example.com/a',
      container: { name: 'agent' },
    },
  ])('says what it does: $annotation', ({ action, annotation, container }) => {
    const { metadata, spec } = view(action);
    expect(metadata.annotations['agent.wecode.io/action']).toBe(annotation);
    expect(spec.containers).toEqual([expect.objectContaining(container)]);
  });
});
