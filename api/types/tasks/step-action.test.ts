import { describe, expect, it } from 'vitest';
import { sandboxAction, serverOfAction } from './step-action.ts';
import type { StepAction } from './step-action.ts';

const entryOf = (server: object): Record<string, unknown> => ({ type: 'http', serverRef: server });

describe('the action of a Sandbox', () => {
  it.each<{ why: string; step: StepAction; action: object }>([
    {
      why: 'a Secret is that beside the Collaboration',
      step: {
        http: {
          url: 'https://example.com/',
          headers: [
            { name: 'X-A', value: 'v' },
            { name: 'X-B', valueFrom: { prefix: 'p', secretKeyRef: { name: 's', key: 'k' } } },
            { name: 'X-C', valueFrom: { secretKeyRef: { name: 's', namespace: 'other', key: 'k' } } },
          ],
        },
      },
      action: {
        http: {
          url: 'https://example.com/',
          headers: [
            { name: 'X-A', value: 'v' },
            {
              name: 'X-B',
              valueFrom: { prefix: 'p', secretKeyRef: { name: 's', namespace: 'team', key: 'k' } },
            },
            { name: 'X-C', valueFrom: { secretKeyRef: { name: 's', namespace: 'other', key: 'k' } } },
          ],
        },
      },
    },
    {
      why: 'so are the Secrets of an image',
      step: { script: { run: 'x', image: 'i', imagePullSecrets: [{ name: 'p' }] } },
      action: { script: { run: 'x', image: 'i', imagePullSecrets: [{ name: 'p', namespace: 'team' }] } },
    },
    {
      why: 'and an MCPServer, which is an entry then',
      step: { mcp: { serverRef: { name: 'tracker' }, tool: 'find', arguments: { id: 1 } } },
      action: {
        mcp: {
          serverName: 'tracker',
          server: { type: 'http', serverRef: { name: 'tracker', namespace: 'team' } },
          tool: 'find',
          arguments: { id: 1 },
        },
      },
    },
  ])('$why', ({ step, action }) => {
    expect(sandboxAction(step, 'team', entryOf)).toEqual(action);
  });

  it('names the MCPServer that it needs', () => {
    const mcp = { serverRef: { name: 'tracker', namespace: 'shared' }, tool: 'find' };
    expect(serverOfAction({ mcp }, 'team')).toEqual({ name: 'tracker', namespace: 'shared' });
    expect(serverOfAction({ script: { run: 'x' } }, 'team')).toBeUndefined();
  });
});
