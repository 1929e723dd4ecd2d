import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { mustRun, run } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';
import { ghost, manifests } from '../../kit/manifests.ts';
import { recordingProxy } from '../../kit/recording-proxy.ts';
import type { RecordingProxy } from '../../kit/recording-proxy.ts';

/** kubectl through a proxy that writes down what it asks, with a home and so a cache of its own. */

let api: TestApi;
let proxy: RecordingProxy;
let folder: TemporaryFolder;
let env: Record<string, string>;

beforeAll(async () => {
  api = await testApi();
  proxy = await recordingProxy(api);
  folder = await temporaryFolder('openapi');
  const kubeconfig = path.join(folder.path, 'kubeconfig');
  const cluster = { name: 'x', cluster: { server: proxy.url } };
  const context = { name: 'x', context: { cluster: 'x', user: 'x' } };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [cluster],
      contexts: [context],
      'current-context': 'x',
      users: [{ name: 'x', user: {} }],
    }),
  );
  env = { HOME: folder.path, KUBECONFIG: kubeconfig };
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const kubectl = (...args: string[]): Promise<string> => mustRun('kubectl', args, { env });
const create = (text: string, ...args: string[]): Promise<CommandResult> =>
  run('kubectl', ['create', '-f', '-', ...args], { env, stdin: text });

/** What kubectl asked for, without `/version`, which only some builds ask first. */
function asked(): string[] {
  return proxy
    .take()
    .map(({ url, status }) => `${url.replace(/\?.*/, '')} ${status}`)
    .filter((line) => !line.startsWith('/version'));
}

describe('kubectl explain', () => {
  it('shows the fields of a kind, and has the document from its cache the second time', async () => {
    const text = await kubectl('explain', 'tasks.spec', '--recursive');
    expect(text).toContain('GROUP:      agent.wecode.io');
    expect(text).toMatch(/prompt\t<string> -required-/);
    expect(text).toMatch(/teamRef\t<Object> -required-\n +name\t<string> -required-/);
    expect(asked()).toContain('/openapi/v3/apis/agent.wecode.io/v1 200');
    expect(await kubectl('explain', 'tasks.spec', '--recursive')).toBe(text);
    expect(asked()).toEqual(['/openapi/v3 304']);
  });

  it('reads v2 too, and asks whether it changed', async () => {
    const v2 = ['explain', 'tasks', '--output', 'plaintext-openapiv2'];
    expect(await kubectl(...v2)).toMatch(/spec\t<Object> -required-\n +What is to be done/);
    expect(asked()).toContain('/openapi/v2 200');
    await kubectl(...v2);
    expect(asked()).toContain('/openapi/v2 304');
  });

  it.each([
    ['secret', [], /stringData\t<map\[string\]string>/],
    ['configmap', [], /binaryData\t<map\[string\]string>/],
    ['namespace.spec', [], /finalizers\t<\[\]string>/],
    ['lease.spec', [], /holderIdentity\t<string>/],
    ['event', [], /involvedObject\t<Object> -required-/],
    ['event', ['--api-version=events.k8s.io/v1'], /regarding\t<Object>/],
    ['crd.spec.versions.schema', [], /openAPIV3Schema\t<Object>/],
    ['sandboxes.metadata.ownerReferences', [], /controller\t<boolean>/],
    ['executors.spec', [], /FIELDS:/],
  ])('%s %s', async (what, args, expected) => {
    expect(await kubectl('explain', what, ...args)).toMatch(expected);
  });
});

describe('discovery by kubectl', () => {
  it('lists kinds with their short names and categories, and is told when nothing changed', async () => {
    const wide = await kubectl('api-resources', '-o', 'wide');
    const tasks = wide.split('\n').find((line) => line.startsWith('tasks '));
    expect(tasks?.split(/ +/)).toEqual([
      'tasks',
      'ta,tk',
      'agent.wecode.io/v1',
      'true',
      'Task',
      'delete,deletecollection,get,list,patch,create,update,watch',
      'troupe,wecode',
    ]);
    proxy.take();
    expect(await kubectl('api-resources', '-o', 'wide')).toBe(wide);
    expect(asked()).toEqual(['/api 304', '/apis 304']);
  });

  it('lists versions', async () => {
    const versions = (await kubectl('api-versions')).trim().split('\n');
    expect(versions).toEqual(
      expect.arrayContaining([
        'agent.wecode.io/v1',
        'agent.wecode.io/v1alpha1',
        'apiextensions.k8s.io/v1',
        'coordination.k8s.io/v1',
        'events.k8s.io/v1',
        'v1',
      ]),
    );
  });

  it('finds kinds by category', async () => {
    // A new server has nothing but the public Shells.
    const found = await run('kubectl', ['get', 'wecode', '-A', '-o', 'name'], { env });
    const lines = found.stdout.trim().split('\n');
    expect(lines).toContain('shell.agent.wecode.io/ClaudeCode');
    expect(lines.filter((line) => !line.startsWith('shell.agent.wecode.io/'))).toEqual([]);
  });
});

describe('validation by kubectl', () => {
  it('strict refuses a field nobody knows', async () => {
    const text = manifests(ghost('strict')).replace('systemPrompt', 'sistemPrompt');
    const refused = await create(text, '--validate=strict');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('strict decoding error: unknown field "spec.sistemPrompt"');
  });

  it('warn says so and creates the object', async () => {
    const text = manifests(ghost('warned')).replace('spec:', 'spec:\n  zork: 1');
    const warned = await create(text, '--validate=warn');
    expect([warned.code, warned.stderr]).toEqual([0, 'Warning: unknown field "spec.zork"\n']);
  });

  it('is done by the server, as the document says it can', async () => {
    proxy.take();
    expect((await create(manifests(ghost('valid')))).code).toBe(0);
    expect(proxy.take().at(-1)?.url).toContain('fieldValidation=Strict');
  });
});

describe('the documents', () => {
  it('are made at the first request, and then the same text', async () => {
    const first = await api.send('/openapi/v2');
    expect(first.status).toBe(200);
    expect((await api.send('/openapi/v2')).text).toBe(first.text);
  });

  it('need a user', async () => {
    expect((await api.send('/openapi/v2', { token: undefined })).status).toBeGreaterThanOrEqual(401);
    expect((await api.send('/openapi/v3', { token: undefined })).status).toBeGreaterThanOrEqual(401);
  });

  it('every address of the index leads to its document', async () => {
    const { paths } = (await api.send('/openapi/v3')).json() as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    for (const { serverRelativeURL } of Object.values(paths)) {
      expect([serverRelativeURL, (await api.send(serverRelativeURL)).status]).toEqual([
        serverRelativeURL,
        200,
      ]);
    }
  });

  it('every collection that v2 names answers with its list', async () => {
    const { paths } = (await api.send('/openapi/v2')).json() as unknown as { paths: Record<string, object> };
    const collections = Object.keys(paths).filter(
      (at) => !at.includes('{') && 'get' in (paths[at] ?? {}) && !at.endsWith('/'),
    );
    expect(collections.length).toBeGreaterThan(10);
    for (const at of collections) {
      expect([at, (await api.send(at)).json()]).toEqual([
        at,
        expect.objectContaining({
          kind: expect.stringMatching(/List$/) as string,
          items: expect.any(Array) as unknown[],
        }),
      ]);
    }
  });
});
