import SwaggerParser from '@apidevtools/swagger-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, ApiRequest, TestApi } from '../../kit/api.ts';

const AT = '/api/v1/namespaces/default';
const REF = { namespace: 'default' };

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

const post = (path: string, body: object | string): Promise<ApiAnswer> =>
  api.send(path, { method: 'POST', body });
const put = (path: string, body: object): Promise<ApiAnswer> => api.send(path, { method: 'PUT', body });

const ghost = (name: string, systemPrompt = 'Be kind.') => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Ghost',
  metadata: { name, namespace: 'elsewhere' },
  spec: { systemPrompt },
});
const bot = (name: string, ghostName: string) => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Bot',
  metadata: { name, namespace: 'default' },
  spec: {
    ghostRef: { name: ghostName, ...REF },
    shellRef: { name: 'ClaudeCode', ...REF },
  },
});

describe('manifests below /api/v1', () => {
  it('are created, read, listed, replaced and deleted, in the namespace of the path', async () => {
    const created = await post(`${AT}/ghosts`, ghost('one'));
    expect([created.status, created.json()]).toEqual([
      201,
      expect.objectContaining({
        kind: 'Ghost',
        metadata: expect.objectContaining({ name: 'one', namespace: 'default' }),
      }),
    ]);
    expect((await post(`${AT}/ghosts`, ghost('one'))).status, 'a second one of that name').toBe(409);
    const list = await api.send(`${AT}/ghosts`);
    expect(list.json()).toMatchObject({ kind: 'GhostList', items: [{ metadata: { name: 'one' } }] });
    expect((await api.send('/api/v1/ghosts')).json()).toMatchObject({ kind: 'GhostList' });
    const replaced = await put(`${AT}/ghosts/one`, ghost('one', 'Be brief.'));
    expect([replaced.status, replaced.json()['spec']]).toMatchObject([200, { systemPrompt: 'Be brief.' }]);
    const deleted = await api.send(`${AT}/ghosts/one`, { method: 'DELETE' });
    expect([deleted.status, deleted.json()]).toEqual([200, { message: "Ghost 'one' deleted" }]);
    const missing = await api.send(`${AT}/ghosts/one`);
    expect([missing.status, missing.json()['detail']]).toEqual([404, expect.stringContaining('not found')]);
  });

  it('keep what these clients do not know of when they are replaced', async () => {
    const named = {
      ...ghost('kept'),
      metadata: { name: 'kept', annotations: { a: 'b' }, finalizers: ['x.io/y'] },
    };
    await post('/apis/agent.wecode.io/v1/namespaces/default/ghosts', named);
    const replaced = await put(`${AT}/ghosts/kept`, {
      ...ghost('kept'),
      metadata: { name: 'kept', labels: { c: 'd' } },
    });
    expect(replaced.json()['metadata']).toMatchObject({
      annotations: { a: 'b' },
      finalizers: ['x.io/y'],
      labels: { c: 'd' },
    });
  });

  it('must name what is there', async () => {
    const refused = await post(`${AT}/bots`, bot('lost', 'nobody'));
    expect([refused.status, refused.json()['detail']]).toEqual([
      404,
      'ghosts.agent.wecode.io "nobody" not found',
    ]);
    expect((await api.send(`${AT}/bots/lost`)).status).toBe(404);
    await post(`${AT}/ghosts`, ghost('somebody'));
    expect((await post(`${AT}/bots`, bot('found', 'somebody'))).status, 'a public Shell').toBe(201);
  });

  it.each<[string, ApiRequest, number, RegExp, string]>([
    ['ghosts', { method: 'POST', body: [] }, 400, /manifest/, 'no manifest'],
    ['ghosts', { method: 'POST', body: '{' }, 400, /./, 'no JSON'],
    [
      'ghosts',
      { method: 'POST', body: { ...ghost('x'), kind: 'Bot' } },
      400,
      /kind must be Ghost/,
      'another kind',
    ],
    ['ghosts', { method: 'POST', body: { ...ghost('x'), spec: {} } }, 400, /systemPrompt/, 'an invalid spec'],
    ['ghosts/y', { method: 'PUT', body: ghost('z') }, 400, /metadata.name must be y/, 'another name'],
    ['ghosts/y', { method: 'PUT', body: ghost('y') }, 404, /not found/, 'a missing object'],
    ['mcpservers', { method: 'GET' }, 404, /./, 'a kind that is not among them'],
  ])('%s refuses: %#', async (path, request, status, message, reason) => {
    const answer = await api.send(`${AT}/${path}`, request);
    expect(answer.status, reason).toBe(status);
    expect(answer.text, reason).toMatch(message);
  });
});

describe('a batch', () => {
  it('applies each manifest by itself, in order, and says what became of it', async () => {
    const items = [
      ghost('batch'),
      bot('batch', 'batch'),
      { ...ghost('x'), kind: 'Secret' },
      bot('bad', 'nobody'),
    ];
    const applied = await post(`${AT}/apply`, items);
    const about = { namespace: 'default' };
    expect([applied.status, applied.json()]).toEqual([
      200,
      {
        success: false,
        message: 'Applied 2/4 resources',
        results: [
          { kind: 'Ghost', name: 'batch', ...about, operation: 'created', success: true },
          { kind: 'Bot', name: 'batch', ...about, operation: 'created', success: true },
          expect.objectContaining({
            ...{ kind: 'Secret', operation: 'failed', success: false },
            error: expect.stringContaining('Unsupported resource kind'),
          }),
          expect.objectContaining({
            ...{ name: 'bad', operation: 'failed' },
            error: expect.stringContaining('nobody'),
          }),
        ],
      },
    ]);
    const again = await post(`${AT}/apply`, [ghost('batch', 'Be quick.')]);
    expect(again.json()).toMatchObject({ success: true, results: [{ operation: 'updated' }] });
    expect((await api.send(`${AT}/ghosts/batch`)).json()['spec']).toMatchObject({
      systemPrompt: 'Be quick.',
    });
    const deleted = await post(`${AT}/delete`, [bot('batch', 'batch'), ghost('batch'), ghost('batch')]);
    expect(deleted.json()).toMatchObject({
      success: false,
      message: 'Deleted 2/3 resources',
      results: [{ operation: 'deleted' }, { operation: 'deleted' }, { operation: 'failed' }],
    });
  });

  it.each<[string | object, RegExp]>([
    [{}, /expected a JSON array/],
    [[ghost('a'), { kind: 'Ghost' }], /\[1\]\.metadata is missing/],
    [[ghost('a'), null], /\[1\]: expected an object/],
    [[ghost('a'), 'b'], /\[1\]: expected an object/],
    ['[', /./],
  ])('refuses %j as a whole', async (body, message) => {
    const answer = await post(`${AT}/apply`, body);
    expect([answer.status, answer.json()['detail']]).toEqual([400, expect.stringMatching(message)]);
    expect((await api.send(`${AT}/ghosts/a`)).status).toBe(404);
  });
});

it.each(['application/x-www-form-urlencoded', 'application/jsonl', 'text/plain'])(
  'a batch is no %s, and says how it must come',
  async (type) => {
    const headers = { 'content-type': type };
    const answer = await api.send(`${AT}/apply`, { method: 'POST', body: [ghost('a')], headers });
    expect([answer.status, answer.json()['detail']]).toEqual([
      415,
      expect.stringMatching(/: application\/json$/),
    ]);
  },
);

describe('a Task', () => {
  it('is cancelled, and confirmed only where it waits', async () => {
    const task = {
      kind: 'Task',
      metadata: { name: 'work' },
      spec: { title: 'Work', prompt: 'Work.', teamRef: { name: 'team' } },
    };
    await post('/apis/agent.wecode.io/v1/namespaces/default/tasks', {
      apiVersion: 'agent.wecode.io/v1',
      ...task,
    });
    const early = await post(`${AT}/tasks/work/confirm`, '');
    expect([early.status, early.json()['detail']]).toEqual([
      409,
      'the Task does not wait for a confirmation',
    ]);
    const cancelled = await post(`${AT}/tasks/work/cancel`, '');
    expect([cancelled.status, cancelled.json()['spec']]).toMatchObject([200, { cancel: true }]);
  });

  it.each([
    [{}, { timeoutSeconds: 300, retryPolicy: { maxAttempts: 3 } }, 'none'],
    [
      { timeoutSeconds: 60, retryPolicy: { maxAttempts: 1, reasons: ['ModelError'] } },
      { timeoutSeconds: 60, retryPolicy: { maxAttempts: 1, reasons: ['ModelError'] } },
      'its own',
    ],
  ])('with the limits %j has %j: %s', async (given, want, name) => {
    const metadata = { name: `limits-${name.replace(' ', '-')}` };
    const spec = { title: 'Work', prompt: 'Work.', teamRef: { name: metadata.name }, ...given };
    await post('/apis/agent.wecode.io/v1/namespaces/default/teams', {
      ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Team', metadata },
      spec: { members: [{ botRef: { name: 'b' } }], collaborationModel: 'solo' },
    });
    const made = await post(`${AT}/tasks`, { kind: 'Task', metadata, spec });
    expect([made.status, made.json()['spec']]).toMatchObject([201, want]);
    const batch = await post(`${AT}/apply`, [{ kind: 'Task', metadata, spec }]);
    expect(batch.json()['success']).toBe(true);
    expect((await api.send(`${AT}/tasks/${metadata.name}`)).json()['spec']).toMatchObject(want);
  });

  it('is not cancelled once it has finished', async () => {
    const tasks = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
    await post(tasks, {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Task',
      metadata: { name: 'over' },
      spec: { title: 'Work', prompt: 'Work.', teamRef: { name: 'team' } },
    });
    await api.send(`${tasks}/over/status`, {
      method: 'PATCH',
      body: { status: { status: 'COMPLETED' } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    const late = await post(`${AT}/tasks/over/cancel`, '');
    expect([late.status, late.json()['detail']]).toEqual([409, 'the Task has finished: COMPLETED']);
    expect((await api.send(`${AT}/tasks/over`)).json()['spec']).toMatchObject({ cancel: false });
  });
});

describe('the envelope', () => {
  it('holds public Models, a page at a time', async () => {
    const model = {
      kind: 'Model',
      metadata: { name: 'public' },
      spec: { modelConfig: { env: { model: 'openai' } } },
    };
    const created = await post('/api/v1/admin/public-models', model);
    expect([created.status, created.json()]).toMatchObject([
      201,
      { success: true, data: { metadata: { name: 'public', namespace: 'system' } } },
    ]);
    const page = await api.send('/api/v1/admin/public-models?limit=1');
    expect(page.json()).toMatchObject({
      success: true,
      data: [{ kind: 'Model' }],
      meta: { pagination: {}, version: expect.any(String), timestamp: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
    expect(page.json()['meta']).toMatchObject({ request_id: page.headers['audit-id'] });
    const missing = await api.send('/api/v1/admin/public-models/no');
    expect([missing.status, missing.json()]).toMatchObject([
      404,
      { success: false, error: { code: 'NotFound', details: { name: 'no' } } },
    ]);
    expect((await api.send('/api/v1/admin/public-models/public', { method: 'DELETE' })).json()).toMatchObject(
      {
        data: { deleted: true },
      },
    );
  });

  it('tells everybody that the server is there, and nobody else anything', async () => {
    const health = await api.send('/api/v1/health', { token: undefined });
    expect([health.status, health.json()['data']]).toEqual([200, { status: 'degraded' }]);
    for (const part of ['database', 'redis', 'executors', 'detailed']) {
      const stranger = await api.send(`/api/v1/health/${part}`, { token: undefined });
      expect([part, stranger.status]).toEqual([part, 401]);
    }
    const models = await api.send('/api/v1/admin/public-models', { token: undefined });
    expect([models.status, models.json()]).toMatchObject([
      401,
      { success: false, error: { code: 'Unauthorized' } },
    ]);
    const batch = await api.send(`${AT}/apply`, { method: 'POST', token: undefined, body: [ghost('a')] });
    expect([batch.status, batch.json()['detail']]).toEqual([401, 'Unauthorized']);
  });
});

describe('the health of the server', () => {
  it('is told in parts to those who have logged in', async () => {
    const detailed = await api.send('/api/v1/health/detailed');
    expect(detailed.json()).toMatchObject({
      success: true,
      data: {
        status: 'degraded',
        message: 'no Executor is ready',
        uptime_seconds: expect.any(Number),
        schema: expect.any(Number),
        components: {
          database: { status: 'healthy', latency_ms: expect.any(Number) },
          redis: { status: 'healthy', used: false },
          executors: { status: 'unhealthy', ready: 0, total: 0 },
        },
      },
    });
    expect((await api.send('/api/v1/health/database')).json()['data']).toMatchObject({ status: 'healthy' });
    const executors = await api.send('/api/v1/health/executors');
    expect([executors.status, executors.json()]).toMatchObject([
      503,
      { success: false, error: { message: 'no Executor is ready' }, data: { status: 'unhealthy' } },
    ]);
  });

  it('counts Executors that were heard of lately', async () => {
    const path = '/apis/agent.wecode.io/v1alpha1/executors';
    const at = {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'Executor',
      metadata: { name: 'one' },
      spec: {},
    };
    await api.send(path, { method: 'POST', body: at });
    const ready = { type: 'Ready', status: 'True', reason: 'EngineReady', message: '' };
    const conditions = [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }];
    for (const [lastHeartbeatTime, status] of [
      [new Date().toISOString(), 'healthy'],
      ['2026-01-01T00:00:00Z', 'unhealthy'],
    ]) {
      await api.send(`${path}/one/status`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { status: { conditions, lastHeartbeatTime } },
      });
      expect((await api.send('/api/v1/health/executors')).json()['data']).toMatchObject({ status });
    }
    await api.send(`${path}/one`, { method: 'DELETE' });
  });
});

describe('its place', () => {
  it('is absent from the discovery of the core group', async () => {
    const { resources } = JSON.parse((await api.send('/api/v1')).text) as {
      resources: { name: string }[];
    };
    expect(resources.map(({ name }) => name)).toContain('configmaps');
    for (const name of ['ghosts', 'users', 'admin', 'apply']) {
      expect(resources.map((one) => one.name)).not.toContain(name);
    }
  });

  it('is described in OpenAPI 3.1', async () => {
    const { text } = await api.send('/api/v1/openapi.json');
    const document = JSON.parse(text) as Exclude<Parameters<typeof SwaggerParser.validate>[0], string>;
    const { openapi, paths } = JSON.parse(text) as { openapi: string; paths: object };
    expect(openapi).toBe('3.1.0');
    await SwaggerParser.validate(document);
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/namespaces/{namespace}/apply',
        ...['answers', 'cancel', 'confirm', 'events', 'log', 'messages', 'retry', 'webhooks'].map(
          (action) => `/api/v1/namespaces/{namespace}/tasks/{name}/${action}`,
        ),
        '/api/v1/namespaces/{namespace}/skills/{name}/package',
        '/api/v1/admin/public-models/{name}',
      ]),
    );
  });
});
