import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

describe('paths that nothing is served at', () => {
  it.each([
    ['GET', '/apis/agent.wecode.io/v1/nothing', 'text/plain; charset=utf-8', 'no such kind'],
    ['GET', '/apis/no.such/v1/tasks', 'text/plain; charset=utf-8', 'no such group'],
    ['GET', '/api/v9/namespaces', 'text/plain; charset=utf-8', 'no such version'],
    ['POST', '/apis/agent.wecode.io/v1/ghosts', 'text/plain; charset=utf-8', 'creates need a namespace'],
    ['DELETE', '/apis/agent.wecode.io/v1/ghosts', 'text/plain; charset=utf-8', 'deletes need one as well'],
    ['GET', '/api/v1/nothing', 'application/json', 'Kubernetes own groups answer with a Status'],
  ] as const)('%s %s is 404 as %s', async (method, path, type, reason) => {
    const answer = await api.send(path, { method });
    expect([answer.status, answer.headers['content-type']], reason).toEqual([404, type]);
    if (type === 'application/json') {
      expect(answer.json()['message']).toBe('the server could not find the requested resource');
    }
  });

  it('names the object whose part is asked for', async () => {
    const answer = await api.send(`${GHOSTS}/a/b/c`);
    expect([answer.status, answer.json()['message']]).toEqual([404, 'ghosts.agent.wecode.io "a" not found']);
  });

  it.each([
    ['OPTIONS', GHOSTS],
    ['PUT', GHOSTS],
    ['POST', `${GHOSTS}/a`],
    ['DELETE', '/api/v1/namespaces/default/finalize'],
  ] as const)('%s %s is 405', async (method, path) => {
    expect((await api.send(path, { method })).status).toBe(405);
  });
});

it.each([
  ['x', 400],
  ['5', 400],
  ['1m30s', 200],
  ['0', 200],
  ['1.5h', 200],
])('takes ?timeout=%s with %d', async (timeout, status) => {
  expect((await api.send(`${GHOSTS}?timeout=${timeout}`)).status).toBe(status);
});

it('still serves watches by their old path', async () => {
  await using lines = await api.lines('/apis/agent.wecode.io/v1/watch/ghosts?timeoutSeconds=1');
  expect([lines.status, await lines.next()]).toEqual([200, undefined]);
});

it('leaves out checks that are excluded', async () => {
  const { text } = await api.send('/readyz?verbose&exclude=storage');
  expect(text).toContain('[+]ping ok');
  expect(text).not.toContain('storage');
});

it('counts requests by what was asked of which kind, and nothing a client made up', async () => {
  await api.send(GHOSTS);
  await api.send('/apis/made.up/v1/things');
  const { text } = await api.send('/metrics');
  expect(text).toMatch(
    /apiserver_request_total\{verb="LIST",group="agent.wecode.io",version="v1",resource="ghosts"/,
  );
  expect(text).toContain('apiserver_request_duration_seconds_bucket');
  expect(text).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 0');
  expect(text).not.toContain('made.up');
});
