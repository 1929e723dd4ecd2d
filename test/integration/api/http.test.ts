import { connect } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiRequest, TestApi } from '../../kit/api.ts';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

const newName = (): string => `thing-${(count += 1)}`;

function ghost(name: string, spec: object = { systemPrompt: 'x' }): object {
  return { apiVersion: 'agent.wecode.io/v1', kind: 'Ghost', metadata: { name }, spec };
}

async function created(name = newName()): Promise<string> {
  const answer = await api.send(GHOSTS, { method: 'POST', body: ghost(name) });
  expect(answer.status).toBe(201);
  return name;
}

describe('who may come in', () => {
  it.each([
    ['/version', undefined, 200, 'anybody may ask for the version'],
    ['/livez', undefined, 200, 'and whether the server lives'],
    ['/readyz', undefined, 200, 'and is ready'],
    ['/readyz/storage', undefined, 200, 'and why'],
    ['/healthz', undefined, 200, 'the old path'],
    ['/version', 'wrong', 401, 'a wrong token is refused everywhere'],
    ['/api', undefined, 401, 'nothing else without a token'],
    ['/', undefined, 401, 'not even the paths'],
    [TASKS, undefined, 401, 'no objects'],
    [TASKS, 'wrong', 401, 'no objects with a wrong token'],
    ['/versionx', undefined, 401, 'no path that only begins alike'],
    ['/openapi/v3', undefined, 401, 'no documents'],
  ])('%s with token %s gets %d', async (path, token, status, reason) => {
    expect((await api.send(path, { token })).status, reason).toBe(status);
  });

  it('answers in a Status, and never shows the token', async () => {
    const answer = await api.send(TASKS, { token: 'sk-guess' });
    expect(answer.json()).toMatchObject({ kind: 'Status', reason: 'Unauthorized', code: 401 });
    expect(answer.text).not.toContain('sk-guess');
  });
});

describe('bodies', () => {
  it.each<[string, ApiRequest, number, string]>([
    ['no JSON', { body: '{"a":' }, 400, "couldn't get version/kind; json parse error"],
    ['nothing', { body: '' }, 400, "couldn't get version/kind"],
    ['a list', { body: '[]' }, 400, 'is unrecognized'],
    [
      'no UTF-8 type',
      { body: 'x', headers: { 'content-type': 'text/html' } },
      415,
      'accepted media types include',
    ],
    [
      'wrong YAML',
      { body: 'a: [', headers: { 'content-type': 'application/yaml' } },
      400,
      'yaml parse error',
    ],
    ['too much', { body: ghost('big', { systemPrompt: 'x'.repeat(3_500_000) }) }, 413, 'limit is 3145728'],
    [
      'too long a text',
      { body: ghost('long', { systemPrompt: 'x'.repeat(2_000_000) }) },
      422,
      'spec.systemPrompt: Too long',
    ],
    [
      'a prototype',
      {
        body: '{"apiVersion":"agent.wecode.io/v1","kind":"Ghost","metadata":{"name":"p"},"spec":{"systemPrompt":"x"},"__proto__":{"a":1}}',
      },
      201,
      '"name":"p"',
    ],
    ['deep nesting', { body: `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}` }, 400, 'max depth'],
  ])('%s', async (_name, sent, status, text) => {
    const answer = await api.send(GHOSTS, { method: 'POST', ...sent });
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
  });

  it('may be YAML', async () => {
    const name = newName();
    const body = `apiVersion: agent.wecode.io/v1\nkind: Ghost\nmetadata: {name: ${name}}\nspec: {systemPrompt: x}\n`;
    const answer = await api.send(GHOSTS, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/yaml' },
    });
    expect(answer.status).toBe(201);
    const yaml = await api.send(`${GHOSTS}/${name}`, { headers: { accept: 'application/yaml' } });
    expect(yaml.headers['content-type']).toBe('application/yaml');
    expect(yaml.text).toContain('kind: Ghost\n');
  });

  it('a client that stops half-way leaves nothing behind', async () => {
    const { hostname, port } = new URL(api.url);
    const socket = connect({ host: hostname, port: Number(port), ca: api.caCertificate });
    await once(socket, 'secureConnect');
    socket.write(
      `POST ${GHOSTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\ncontent-length: 500\r\n\r\n{"half"`,
    );
    socket.destroy();
    expect((await api.send('/livez')).status).toBe(200);
  });
});

describe('paths', () => {
  it.each([
    ['/apis/agent.wecode.io/v1/namespaces/default/nothing', 404],
    ['/apis/agent.wecode.io/v9/namespaces/default/tasks', 404],
    ['/apis/no.such.group/v1', 404],
    [`${TASKS}/a%2Fb`, 404],
    [`${TASKS}/%2e%2e%2fsecrets`, 404],
    [`${TASKS}/%00`, 404],
    [`${TASKS}/%zz`, 404],
    [`${TASKS}/${'x'.repeat(300)}`, 404],
    [`${TASKS}/none/scale`, 404],
    ['/api/v1/namespaces/nowhere/secrets', 200],
    ['/apis/agent.wecode.io/v1/tasks', 200],
    ['/apis/agent.wecode.io/v1alpha1/executors', 200],
    ['/apis/agent.wecode.io/v1alpha1/namespaces/default/executors', 404],
  ])('%s gets %d', async (path, status) => {
    expect((await api.send(path)).status).toBe(status);
  });

  it('refuses methods that a path does not have', async () => {
    const answer = await api.send(GHOSTS, { method: 'PUT', body: {} });
    expect([answer.status, answer.json()]).toEqual([
      405,
      expect.objectContaining({ reason: 'MethodNotAllowed' }),
    ]);
  });

  it('keeps names that are no DNS labels', async () => {
    for (const name of ['ClaudeCode', 'agent seven', 'агент', 'a:b', 'x~y']) {
      await created(name);
      const path = `${GHOSTS}/${encodeURIComponent(name)}`;
      const got: { metadata: { name: string } } = (await api.send(path)).json() as never;
      expect(got.metadata.name).toBe(name);
      expect((await api.send(path, { method: 'DELETE' })).status).toBe(200);
    }
  });

  it('answers a HEAD for a watch at once', async () => {
    const answer = await api.send(`${GHOSTS}?watch=true`, { method: 'HEAD' });
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'application/json',
      '',
    ]);
  });

  it('answers HEAD as GET without a body', async () => {
    const answer = await api.send(`${GHOSTS}/${await created()}`, { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });
});

describe('forms of an answer', () => {
  it.each([
    ['application/vnd.kubernetes.protobuf', 406],
    ['text/html', 406],
    ['application/json;as=Nothing;g=meta.k8s.io;v=v1', 406],
    ['application/vnd.kubernetes.protobuf,application/json', 200],
    ['*/*', 200],
  ])('Accept %s gets %d', async (accept, status) => {
    const answer = await api.send(GHOSTS, { headers: { accept } });
    expect(answer.status).toBe(status);
    if (status === 406) expect(answer.json()).toMatchObject({ reason: 'NotAcceptable' });
  });

  it('is a Table of printer columns', async () => {
    const name = await created();
    const table = (await api.send(`${GHOSTS}/${name}`, { headers: { accept: TABLE } })).json();
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    const { columnDefinitions, rows } = table as unknown as {
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[]; object: object }[];
    };
    expect(columnDefinitions[0]).toMatchObject({ name: 'Name', format: 'name' });
    expect(rows).toEqual([
      {
        cells: expect.arrayContaining([name]) as unknown,
        object: expect.objectContaining({ kind: 'PartialObjectMetadata' }) as unknown,
      },
    ]);
    const none = await api.send(`${GHOSTS}?includeObject=None`, { headers: { accept: TABLE } });
    expect(none.text).toContain('"object":null');
    const wrong = await api.send(`${GHOSTS}?includeObject=Some`, { headers: { accept: TABLE } });
    expect(wrong.status).toBe(400);
  });

  it('is metadata only', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    await created();
    const list = (await api.send(GHOSTS, { headers: { accept } })).json();
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList' });
    expect(JSON.stringify(list)).not.toContain('"systemPrompt"');
  });
});

describe('writes', () => {
  it('says what it warns of in a header', async () => {
    const body = { ...ghost(newName()), bogus: 1 };
    const answer = await api.send(GHOSTS, { method: 'POST', body });
    expect(answer.headers['warning']).toBe(String.raw`299 - "unknown field \"bogus\""`);
    const strict = await api.send(`${GHOSTS}?fieldValidation=Strict`, { method: 'POST', body });
    expect(strict.text).toContain('strict decoding error');
    expect((await api.send(`${GHOSTS}?fieldValidation=Some`, { method: 'POST', body })).status).toBe(422);
    expect((await api.send(`${GHOSTS}?dryRun=Some`, { method: 'POST', body })).status).toBe(422);
  });

  it.each([
    ['application/merge-patch+json', '{"spec":{"systemPrompt":"y"}}', 200],
    ['application/json-patch+json', '[{"op":"replace","path":"/spec/systemPrompt","value":"z"}]', 200],
    ['application/json-patch+json', '[{"op":"test","path":"/spec/systemPrompt","value":"no"}]', 422],
    ['application/json-patch+json', '{}', 400],
    ['application/merge-patch+json', '[]', 400],
    ['application/strategic-merge-patch+json', '{}', 415],
    ['application/apply-patch+yaml', '{}', 422],
    ['application/apply-patch+cbor', '{}', 415],
    ['application/json', '{}', 415],
  ])('PATCH %s %s gets %d', async (type, body, status) => {
    const path = `${GHOSTS}/${await created()}`;
    expect((await api.send(path, { method: 'PATCH', body, headers: { 'content-type': type } })).status).toBe(
      status,
    );
  });

  it('deletes one, with what is told about it', async () => {
    const name = await created();
    const wrong = await api.send(`${GHOSTS}/${name}`, { method: 'DELETE', body: { kind: 'Task' } });
    expect(wrong.status).toBe(400);
    const answer = await api.send(`${GHOSTS}/${name}`, {
      method: 'DELETE',
      body: { propagationPolicy: 'Background' },
    });
    expect(answer.json()).toMatchObject({
      status: 'Success',
      details: { name, group: 'agent.wecode.io', kind: 'ghosts' },
    });
  });

  it.each([
    ['POST', GHOSTS, 'a create'],
    ['DELETE', `${GHOSTS}/refused-form`, 'a delete'],
  ])('%s of a form that cannot be served has no effect', async (method, path, reason) => {
    const name = 'refused-form';
    if (method === 'DELETE') await created(name);
    const answer = await api.send(path, {
      method: method as 'DELETE' | 'POST',
      headers: { accept: 'text/html' },
      ...(method === 'POST' ? { body: ghost(name) } : {}),
    });
    expect(answer.status, reason).toBe(406);
    expect((await api.send(`${GHOSTS}/${name}`)).status, reason).toBe(method === 'POST' ? 404 : 200);
  });

  it.each([
    [{ dryRun: 'All' }, 400, 'a text where a list belongs is no real delete'],
    [{ dryRun: [{}] }, 400, 'nor is a list of something else'],
    [{ preconditions: 'uid' }, 400, 'nor are preconditions that are none'],
    [{ preconditions: { uid: 5 } }, 400, 'nor is a uid that is none'],
    [{ propagationPolicy: 5 }, 400, 'nor is a policy that is none'],
    [{ orphanDependents: true, propagationPolicy: 'Orphan' }, 422, 'two ways to say it are one too many'],
    [{ gracePeriodSeconds: 'x' }, 400, 'nor is a time that is none'],
    [{ propagationPolicy: '' }, 422, 'an empty policy is none'],
  ])('refuses DeleteOptions %j and deletes nothing', async (body, status, reason) => {
    const name = await created();
    expect((await api.send(`${GHOSTS}/${name}`, { method: 'DELETE', body })).status, reason).toBe(status);
    expect((await api.send(`${GHOSTS}/${name}`)).status, reason).toBe(200);
  });

  it.each([
    ['resourceVersion=1', 409, 'a precondition'],
    ['uid=x', 409, 'another precondition'],
    ['dryRun=', 422, 'a dry run that is none'],
    ['dryRun=All&dryRun=x', 422, 'half a dry run'],
  ])('refuses to delete with %s', async (query, status, reason) => {
    const name = await created();
    const refused = await api.send(`${GHOSTS}/${name}?${query}`, { method: 'DELETE' });
    expect(refused.status, reason).toBe(status);
    expect((await api.send(`${GHOSTS}/${name}`)).status, reason).toBe(200);
  });

  it('deletes those that match', async () => {
    const names = [await created(), await created()];
    for (const name of names) {
      const body = '{"metadata":{"labels":{"go":"away"}}}';
      const headers = { 'content-type': 'application/merge-patch+json' };
      await api.send(`${GHOSTS}/${name}`, { method: 'PATCH', body, headers });
    }
    const gone = await api.send(`${GHOSTS}?labelSelector=go%3Daway`, { method: 'DELETE' });
    const { items } = gone.json() as unknown as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(names.sort());
    expect((await api.send(`${GHOSTS}/${names[0]}`)).status).toBe(404);
  });

  it('lets one of many writers of one revision win', async () => {
    const path = `${GHOSTS}/${await created()}`;
    const body = (await api.send(path)).json();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        api.send(path, { method: 'PUT', body: { ...(body as object), spec: { systemPrompt: `${index}` } } }),
      ),
    );
    const codes = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(codes).toEqual([200, ...Array.from({ length: 19 }, () => 409)]);
  });
});

describe('discovery', () => {
  it('has an aggregated form with an ETag', async () => {
    const accept =
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';
    const answer = await api.send('/apis', { headers: { accept } });
    expect(answer.headers['content-type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    const { items } = answer.json() as unknown as {
      items: {
        metadata: { name: string };
        versions: { version: string; resources: { resource: string }[] }[];
      }[];
    };
    const ours = items.find(({ metadata }) => metadata.name === 'agent.wecode.io');
    expect(
      ours?.versions.map(({ version }) => version),
      'stable versions first',
    ).toEqual(['v1', 'v1alpha1']);
    const etag = String(answer.headers['etag']);
    const again = await api.send('/apis', { headers: { accept, 'if-none-match': etag } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('has the old form', async () => {
    expect((await api.send('/api')).json()).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect((await api.send('/apis')).json()).toMatchObject({ kind: 'APIGroupList' });
    const { resources } = (await api.send('/apis/agent.wecode.io/v1')).json() as unknown as {
      resources: { name: string }[];
    };
    expect(resources.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['tasks', 'tasks/status', 'tasks/log', 'tasks/messages']),
    );
  });

  it('serves OpenAPI documents by hash', async () => {
    const { paths } = (await api.send('/openapi/v3')).json() as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const url = paths['apis/agent.wecode.io/v1']?.serverRelativeURL ?? '';
    const document = await api.send(url);
    expect(document.headers['cache-control']).toContain('immutable');
    expect(
      Object.keys((document.json() as unknown as { components: { schemas: object } }).components.schemas),
    ).toContain('io.wecode.agent.v1.Task');
    const stale = await api.send('/openapi/v3/apis/agent.wecode.io/v1?hash=OLD');
    expect([stale.status, stale.headers['location']]).toEqual([301, url]);
  });
});
