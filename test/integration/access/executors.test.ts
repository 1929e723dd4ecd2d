import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, ApiRequest, TestApi } from '../../kit/api.ts';

/** Two executors; what one whose token was stolen can do to the other, and to everybody else. */
let api: TestApi;
/** Tokens of the managers. */
const tokens = new Map<string, string>();

const OWN = '/apis/agent.wecode.io/v1alpha1';
const V1 = '/apis/agent.wecode.io/v1';
const HASH = `sha256:${'a'.repeat(64)}`;

async function make(path: string, body: object): Promise<{ metadata: { uid: string } }> {
  const answer = await api.send(path, { method: 'POST', body });
  expect(answer.status, answer.text).toBe(201);
  return JSON.parse(answer.text) as { metadata: { uid: string } };
}

interface SandboxObject {
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
}

const at = (kind: string, group = V1): string => `${group}/namespaces/default/${kind}`;
const secrets = '/api/v1/namespaces/default/secrets';

async function tokenOf(name: string): Promise<string> {
  const accounts = '/api/v1/namespaces/troupe-executors/serviceaccounts';
  await make(accounts, { metadata: { name } });
  const made = (await make(`${accounts}/${name}/token`, { spec: {} })) as unknown as {
    status: { token: string };
  };
  return made.status.token;
}

/** A Task and a Sandbox of it, with an own copy of everything that a run needs. */
async function makeRun(executor: string): Promise<void> {
  const name = `of-${executor}`;
  for (const secret of ['model', 'git', 'mcp', 'pull']) {
    await make(secrets, { metadata: { name: `${secret}-${executor}` }, data: { api_key: 'eA==' } });
  }
  await make(at('models'), {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Model', metadata: { name } },
    spec: { modelConfig: { env: { model: 'x' } }, secretRef: { name: `model-${executor}` } },
  });
  await make(at('ghosts'), {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Ghost', metadata: { name } },
    spec: { systemPrompt: 'x' },
  });
  await make(at('mcpservers', OWN), {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'MCPServer', metadata: { name } },
    spec: {
      transport: {
        http: {
          url: 'https://mcp.example',
          headers: [{ name: 'X', valueFrom: { secretKeyRef: { name: `mcp-${executor}`, key: 'api_key' } } }],
        },
      },
    },
  });
  const task = await make(at('tasks'), {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name } },
    spec: { title: 'x', prompt: 'x', teamRef: { name: 'none' } },
  });
  await make(at('sandboxes', OWN), {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name, finalizers: ['agent.wecode.io/sandbox', 'example.com/other'] },
    spec: {
      ...{ timeoutSeconds: 60, prompt: 'x', step: 0, attempt: 1, executorName: executor },
      taskRef: { name, uid: task.metadata.uid },
      shell: {
        type: 'ClaudeCode',
        image: 'registry.example/x',
        imagePullSecrets: [{ name: `pull-${executor}`, namespace: 'default' }],
      },
      agent: {
        botName: 'x',
        ghostRef: { name },
        mcpServers: { one: { serverRef: { name, namespace: 'default' } } },
        skills: [{ name: 'x', namespace: 'default', contentHash: HASH }],
      },
      model: { ref: { name } },
      revision: name,
      workspace: {
        gitUrl: 'https://git.example/x',
        branchName: 'b',
        workBranch: 'w',
        secretName: `git-${executor}`,
      },
    },
  });
}

beforeAll(async () => {
  api = await testApi();
  for (const name of ['a', 'b']) {
    tokens.set(name, await tokenOf(name));
    await make(`${OWN}/executors`, {
      ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Executor', metadata: { name } },
      spec: {},
    });
    await makeRun(name);
  }
});
afterAll(() => api[Symbol.asyncDispose]());

/** As the manager of the executor a. */
const send = (path: string, options: ApiRequest = {}): Promise<ApiAnswer> =>
  api.send(path, { ...options, token: tokens.get('a') });

const event = (name: string, object: object): object => ({
  metadata: { name },
  involvedObject: {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    namespace: 'default',
    ...object,
  },
  reason: 'Pulling',
  type: 'Normal',
});

describe('an executor manager', () => {
  it.each([
    ['its Executor', `${OWN}/executors/a`],
    ['its Sandboxes', `${OWN}/sandboxes?fieldSelector=spec.executorName%3Da`],
    ['its Sandbox', `${at('sandboxes', OWN)}/of-a`],
    ['the status of it', `${at('sandboxes', OWN)}/of-a/status`],
    ['its Task', `${at('tasks')}/of-a`],
    ['the log of it', `${at('tasks')}/of-a/log`],
    ['its Model', `${at('models')}/of-a`],
    ['its Ghost', `${at('ghosts')}/of-a`],
    ['its MCPServer', `${at('mcpservers', OWN)}/of-a`],
    ['the Secret of the Model', `${secrets}/model-a`],
    ['the Secret of the Workspace', `${secrets}/git-a`],
    ['the Secret of the MCPServer', `${secrets}/mcp-a`],
    ['the Secret for the image', `${secrets}/pull-a`],
  ])('reads %s', async (_what, path) => {
    const answer = await send(path);
    expect(answer.status, answer.text).toBe(200);
  });

  it.each([
    ['the TaskRevision of a run', `${at('taskrevisions', OWN)}/of-a`],
    ['the package of a skill', `${at('skillpackages', OWN)}/${HASH.replace(':', '-')}`],
    ['that a Task is gone', `${at('tasks')}/no-such`],
  ])('may ask for %s', async (_what, path) => {
    expect((await send(path)).status).toBe(404);
  });

  const OTHERS: readonly (readonly [what: string, path: string])[] = [
    ['another Sandbox', `${at('sandboxes', OWN)}/of-b`],
    ['all Sandboxes', `${OWN}/sandboxes`],
    ['Sandboxes of a namespace', at('sandboxes', OWN)],
    ['those of another executor', `${OWN}/sandboxes?fieldSelector=spec.executorName%3Db`],
    ['those that are not its own', `${OWN}/sandboxes?fieldSelector=spec.executorName!%3Da`],
    ['those of nobody', `${OWN}/sandboxes?fieldSelector=spec.executorName%3D`],
    ['a watch of all', `${OWN}/sandboxes?watch=true`],
    ['another Executor', `${OWN}/executors/b`],
    ['all Executors', `${OWN}/executors`],
    ['another Task', `${at('tasks')}/of-b`],
    ['all Tasks', `${V1}/tasks`],
    ['the log of another Task', `${at('tasks')}/of-b/log`],
    ['the messages of its Task', `${at('tasks')}/of-a/messages`],
    ['another Model', `${at('models')}/of-b`],
    ['another Ghost', `${at('ghosts')}/of-b`],
    ['another MCPServer', `${at('mcpservers', OWN)}/of-b`],
    ['the Secret of another Model', `${secrets}/model-b`],
    ['the Secret of another Workspace', `${secrets}/git-b`],
    ['the Secret of another MCPServer', `${secrets}/mcp-b`],
    ['the Secret for the image of another one', `${secrets}/pull-b`],
    ['all Secrets', '/api/v1/secrets'],
    ['Secrets by name', `${secrets}?fieldSelector=metadata.name%3Dmodel-a`],
    ['a Secret that is not there', `${secrets}/no-such`],
    ['Teams', at('teams')],
    ['ConfigMaps', '/api/v1/namespaces/kube-system/configmaps'],
    ['namespaces', '/api/v1/namespaces'],
    ['accounts', '/api/v1/namespaces/troupe-executors/serviceaccounts'],
    ['backups', '/admin/backup'],
    ['figures', '/metrics'],
  ];
  it.each(OTHERS)('does not read %s', async (_what, path) => {
    const answer = await send(path);
    expect(answer.status, answer.text).toBe(403);
    expect(answer.text).toContain('system:serviceaccount:troupe-executors:a');
  });

  const json = (body: object, method: ApiRequest['method'] = 'POST'): ApiRequest => ({ method, body });
  const merge = (body: object): ApiRequest => ({
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  const kind = (name: string, more: object): object => ({
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: name,
    ...more,
  });
  const WRITES: readonly (readonly [what: string, path: string, options: () => ApiRequest])[] = [
    [
      'a token of another executor',
      '/api/v1/namespaces/troupe-executors/serviceaccounts/b/token',
      () => json({ spec: {} }),
    ],
    [
      'a token of the controllers',
      '/api/v1/namespaces/kube-system/serviceaccounts/troupe-controllers/token',
      () => json({ spec: {} }),
    ],
    [
      'an account',
      '/api/v1/namespaces/troupe-executors/serviceaccounts',
      () => json({ metadata: { name: 'c' } }),
    ],
    [
      'another Executor',
      `${OWN}/executors`,
      () => json(kind('Executor', { metadata: { name: 'c' }, spec: {} })),
    ],
    [
      'the status of another Executor',
      `${OWN}/executors/b/status`,
      () => merge({ status: { version: 'x' } }),
    ],
    ['the spec of its Executor', `${OWN}/executors/a`, () => merge({ spec: { unschedulable: true } })],
    [
      'taints of its Executor',
      `${OWN}/executors/a`,
      () => merge({ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }),
    ],
    [
      'a label that people give',
      `${OWN}/executors/a`,
      () => merge({ metadata: { labels: { 'team.example/trusted': 'yes' } } }),
    ],
    [
      'a label that only looks like its own',
      `${OWN}/executors/a`,
      () => merge({ metadata: { labels: { 'x.executor.agent.wecode.io/gpu': 'yes' } } }),
    ],
    [
      'an annotation of its Executor',
      `${OWN}/executors/a`,
      () => merge({ metadata: { annotations: { a: 'b' } } }),
    ],
    [
      'its own label on another Executor',
      `${OWN}/executors/b`,
      () => merge({ metadata: { labels: { 'executor.agent.wecode.io/gpu': 'yes' } } }),
    ],
    ['its Executor away', `${OWN}/executors/a`, () => ({ method: 'DELETE' })],
    [
      'the status of another Sandbox',
      `${at('sandboxes', OWN)}/of-b/status`,
      () => merge({ status: { phase: 'Failed' } }),
    ],
    ['its Sandbox away', `${at('sandboxes', OWN)}/of-a`, () => ({ method: 'DELETE' })],
    [
      'a patch of its Sandbox',
      `${at('sandboxes', OWN)}/of-a`,
      () => merge({ metadata: { labels: { a: 'b' } } }),
    ],
    [
      'the log of another Task',
      `${at('tasks')}/of-b/log`,
      () => json({ source: 'of-b', taskUID: 'x', events: [] }),
    ],
    ['a Task', at('tasks'), () => json({ metadata: { name: 'x' } })],
    [
      'the status of its Task',
      `${at('tasks')}/of-a/status`,
      () => merge({ status: { status: 'COMPLETED' } }),
    ],
    ['an answer for its Task', `${at('tasks')}/of-a/answers`, () => json({ id: 'x', decision: 'allow' })],
    [
      'an Event about another Sandbox',
      '/api/v1/namespaces/default/events',
      () => json(event('one', { name: 'of-b' })),
    ],
    [
      'an Event about nothing',
      '/api/v1/namespaces/default/events',
      () => json(event('two', { name: 'no-such' })),
    ],
    [
      'an Event about a Task',
      '/api/v1/namespaces/default/events',
      () => json(event('three', { kind: 'Task', name: 'of-a' })),
    ],
    ['a SkillPackage', at('skillpackages', OWN), () => json({ metadata: { name: 'x' } })],
    ['a Secret', secrets, () => json({ metadata: { name: 'x' } })],
    ['its Secret', `${secrets}/model-a`, () => merge({ data: { api_key: 'eQ==' } })],
    [
      'a binding',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      () => json({ metadata: { name: 'x' } }),
    ],
    ['new keys', '/admin/encryption/rotate', () => ({ method: 'POST' })],
  ];
  it.each(WRITES)('does not write %s', async (_what, path, options) => {
    const answer = await send(path, options());
    expect(answer.status, answer.text).toBe(403);
  });

  it('acts as nobody else', async () => {
    const answer = await send(`${OWN}/executors/a`, { headers: { 'impersonate-user': 'troupe-admin' } });
    expect(answer.status).toBe(403);
  });

  const sandbox = async (): Promise<SandboxObject> =>
    JSON.parse((await send(`${at('sandboxes', OWN)}/of-a`)).text) as SandboxObject;
  const changed = async (change: (object: SandboxObject) => void) => {
    const object = await sandbox();
    change(object);
    return send(`${at('sandboxes', OWN)}/of-a`, json(object, 'PUT'));
  };

  it.each([
    ['a label', 'labels', { a: 'b' }],
    ['an owner', 'ownerReferences', [{ apiVersion: 'v1', kind: 'Secret', name: 'x', uid: 'x' }]],
    ['more finalizers', 'finalizers', ['agent.wecode.io/sandbox', 'example.com/other', 'example.com/more']],
    ["another one's finalizer away", 'finalizers', ['agent.wecode.io/sandbox']],
  ])('changes nothing of its Sandbox: %s', async (_what, field, value) => {
    const answer = await changed(({ metadata }) => {
      metadata[field] = value;
    });
    expect([answer.status, answer.text]).toEqual([
      403,
      expect.stringContaining(
        'executor \\"a\\" may take its finalizer from a Sandbox and change nothing else of it',
      ),
    ]);
  });

  it('is told that a list of its rules does not show what follows from its Sandboxes', async () => {
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview' };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const spec = { namespace: 'default' };
    const asked = async (token?: string): Promise<unknown> =>
      (await api.send(path, { ...json({ ...review, spec }), ...(token && { token }) })).json()['status'];
    expect(await asked(tokens.get('a'))).toMatchObject({
      incomplete: true,
      evaluationError: 'executor authorizer does not support user rule resolution',
    });
    expect(await asked()).toMatchObject({ incomplete: false });
  });

  it('does not cancel its Sandbox', async () => {
    const answer = await changed(({ spec }) => {
      spec['cancel'] = true;
    });
    expect(answer.status).toBe(403);
  });

  it('writes its status, its log, its Events and its own token, and has only the rights that work takes', async () => {
    const { uid } = (await sandbox()).metadata;
    expect(
      (await send('/api/v1/namespaces/default/events', json(event('own', { name: 'of-a', uid })))).status,
    ).toBe(201);
    const token = await send(
      '/api/v1/namespaces/troupe-executors/serviceaccounts/a/token',
      json({ spec: {} }),
    );
    expect(token.status, token.text).toBe(201);
    const version = await send(`${OWN}/executors/a/status`, merge({ status: { version: '1' } }));
    expect(version.status, version.text).toBe(200);
    const ended = await send(
      `${at('sandboxes', OWN)}/of-a/status`,
      merge({ status: { phase: 'Succeeded' } }),
    );
    expect(ended.status, ended.text).toBe(200);
    for (const path of [
      `${secrets}/model-a`,
      `${secrets}/git-a`,
      `${secrets}/mcp-a`,
      `${at('models')}/of-a`,
    ]) {
      expect((await send(path)).status, path).toBe(403);
    }
    expect((await send(`${at('tasks')}/of-a/log`)).status).toBe(200);
    const released = await changed(({ metadata }) => {
      metadata['finalizers'] = ['example.com/other'];
    });
    expect(released.status, released.text).toBe(200);
  });
});
