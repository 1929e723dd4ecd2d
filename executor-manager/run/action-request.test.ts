import { describe, expect, it } from 'vitest';
import type { SandboxAction } from '#api/types/generated/sandbox';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';
import { readCredentials, runRequest } from './run-request.ts';

function sandbox(action: SandboxAction): RunSandbox {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 't-1-n1-a2', namespace: 'ns' },
    spec: {
      taskRef: { name: 't', uid: 'u' },
      ...{ node: 'n1', stepName: 'Check', step: 0, attempt: 2, timeoutSeconds: 1800, action },
    },
  };
}

/** Answers with one Secret, and notes what is read. */
function reader(data: Record<string, string>) {
  const asked: unknown[] = [];
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data };
  return {
    asked,
    find: (_: unknown, place: unknown) => (asked.push(place), Promise.resolve(secret as never)),
  };
}

describe('the request of an action', () => {
  it('has the values of its headers, and a key that is the same for all attempts', async () => {
    const valueFrom = { prefix: 'token ', secretKeyRef: { name: 's', key: 'k' } };
    const headers = [
      { name: 'X-Plain', value: 'v' },
      { name: 'Authorization', valueFrom },
    ];
    const { spec, ...rest } = sandbox({ http: { url: 'https://example.com/', headers } });
    const client = reader({ k: Buffer.from('secret\n').toString('base64') });
    const request = runRequest(spec, await readCredentials(client, { ...rest, spec }));
    expect(client.asked).toEqual([{ namespace: 'ns', name: 's' }]);
    expect(request).toMatchObject({
      shell: { type: 'Action' },
      agent: { name: 'Check' },
      prompt: 'GET https://example.com/',
      action: {
        http: {
          url: 'https://example.com/',
          headers: [
            { name: 'X-Plain', value: 'v' },
            { name: 'Authorization', value: 'token secret', secret: 'secret' },
          ],
          timeoutSeconds: 60,
          maxBytes: 1024 * 1024,
          idempotencyKey: 'u-n1',
        },
      },
      // A program may be silent for as long as it has.
      limits: { idleSeconds: 1800 },
    });
  });

  it('names the key that a Secret lacks', async () => {
    const headers = [{ name: 'X-Key', valueFrom: { secretKeyRef: { name: 's', key: 'none' } } }];
    const read = readCredentials(reader({}), sandbox({ http: { url: 'https://example.com/', headers } }));
    await expect(read).rejects.toThrow('Secret "ns/s" has no key "none"');
  });

  it('leaves the image of a script to the runtime', () => {
    const script = { run: 'make test', image: 'golang:1', env: { A: 'b' } };
    const { action } = runRequest(sandbox({ script }).spec, {});
    expect(action).toEqual({ script: { run: 'make test', env: { A: 'b' } } });
  });

  it('has the server of a tool as one that it cannot do without', () => {
    const server = { type: 'http', url: 'https://mcp.example.com/' };
    const request = runRequest(sandbox({ mcp: { serverName: 'x', server, tool: 'find' } }).spec, {});
    expect(request.action).toEqual({ mcp: { server: 'x', tool: 'find', arguments: {} } });
    expect(request.agent.mcpServers).toEqual({ x: { ...server, required: true } });
  });
});
