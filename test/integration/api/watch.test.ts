import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

interface Line {
  type: string;
  object: {
    kind: string;
    code?: number;
    metadata: { name: string; resourceVersion: string };
    columnDefinitions?: unknown[] | null;
    rows?: unknown[];
  };
}

async function create(name: string, systemPrompt = 'x'): Promise<string> {
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name },
    spec: { systemPrompt },
  };
  const answer = await api.send(GHOSTS, { method: 'POST', body });
  expect(answer.status).toBe(201);
  return (answer.json() as unknown as Line['object']).metadata.resourceVersion;
}

const parse = (line: string | undefined): Line => JSON.parse(line ?? 'null') as Line;

describe('watch over HTTP', () => {
  it('sends its headers before there is anything to tell', async () => {
    const from = await create('quiet');
    // The promise resolves with the headers; the watch itself has nothing to send.
    await using lines = await api.lines(`${GHOSTS}?watch=1&resourceVersion=${from}`);
    expect(lines.status).toBe(200);
    await create('loud');
    expect(parse(await lines.next())).toMatchObject({
      type: 'ADDED',
      object: { metadata: { name: 'loud' } },
    });
  });

  it('gives every watcher the same events in the same order', async () => {
    const from = await create('order');
    const url = `${GHOSTS}?watch=true&resourceVersion=${from}`;
    await using stack = new AsyncDisposableStack();
    const watchers = await Promise.all(Array.from({ length: 10 }, () => api.lines(url)));
    for (const watcher of watchers) stack.use(watcher);
    await Promise.all(Array.from({ length: 30 }, (_, index) => create(`order-${index}`)));
    const seen = await Promise.all(
      watchers.map(async (watcher) => {
        const revisions: number[] = [];
        while (revisions.length < 30) {
          revisions.push(Number(parse(await watcher.next()).object.metadata.resourceVersion));
        }
        return revisions;
      }),
    );
    expect(seen[0]).toEqual([...(seen[0] ?? [])].sort((a, b) => a - b));
    for (const revisions of seen) expect(revisions).toEqual(seen[0]);
  });

  it('ends after its time', async () => {
    const from = await create('timed');
    await using lines = await api.lines(`${GHOSTS}?watch=1&resourceVersion=${from}&timeoutSeconds=1`);
    expect(await lines.next()).toBeUndefined();
  });

  it.each([
    ['resourceVersion=abc', 400],
    ['labelSelector=a%20in', 400],
    ['fieldSelector=spec.x%3D1', 400],
    ['sendInitialEvents=true', 422],
    ['timeoutSeconds=soon', 400],
  ])('refuses %s with %d', async (query, status) => {
    expect((await api.send(`${GHOSTS}?watch=1&${query}`)).status).toBe(status);
  });

  it('is a Table with columns in the first event only', async () => {
    await create('row');
    const url = `${GHOSTS}?watch=1&resourceVersion=0&fieldSelector=metadata.name%3Drow`;
    await using lines = await api.lines(url, { accept: TABLE });
    const first = parse(await lines.next());
    expect(first.object.kind).toBe('Table');
    expect(first.object.columnDefinitions).not.toBeNull();
    await api.send(`${GHOSTS}/row`, { method: 'DELETE' });
    const second = parse(await lines.next());
    expect([second.type, second.object.columnDefinitions]).toEqual(['DELETED', null]);
  });

  it('lets a reader who takes nothing go, and others do not notice', async () => {
    const from = await create('slow');
    const { hostname, port } = new URL(api.url);
    const socket = connect({ host: hostname, port: Number(port), ca: api.caCertificate });
    await once(socket, 'secureConnect');
    socket.write(
      `GET ${GHOSTS}?watch=1&resourceVersion=${from} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.pause();
    await using quick = await api.lines(`${GHOSTS}?watch=1&resourceVersion=${from}`);
    const big = 'x'.repeat(500_000);
    for (let index = 0; index < 30; index++) await create(`big-${index}`, big);
    for (let index = 0; index < 30; index++) {
      expect(parse(await quick.next()).object.metadata.name).toBe(`big-${index}`);
    }
    socket.destroy();
    expect((await api.send('/livez')).status).toBe(200);
  });
});

describe('a restart', () => {
  it('ends watches cleanly, keeps certificates and token, and goes on from any revision', async () => {
    const first = await testApi();
    await using stack = new AsyncDisposableStack();
    stack.use(first);
    const body = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Ghost',
      metadata: { name: 'kept' },
      spec: { systemPrompt: 'x' },
    };
    const made = await first.send(GHOSTS, { method: 'POST', body });
    const from = (made.json() as unknown as Line['object']).metadata.resourceVersion;
    const lines = stack.use(await first.lines(`${GHOSTS}?watch=1&resourceVersion=${from}`));
    const patch = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } } as const;
    await first.send(`${GHOSTS}/kept`, { ...patch, body: { metadata: { labels: { a: 'b' } } } });
    expect(parse(await lines.next()).type).toBe('MODIFIED');
    const ended = lines.next();
    await first.close();
    expect(await ended, 'the stream ends, it is not cut').toBeUndefined();
    const second = stack.use(await testApi({ dataDir: first.dataDir }));
    expect([second.token, second.caCertificate]).toEqual([first.token, first.caCertificate]);
    const again = stack.use(await second.lines(`${GHOSTS}?watch=1&resourceVersion=${from}`));
    expect(parse(await again.next()).type, 'the history survives').toBe('MODIFIED');
  });

  it('answers a revision that is gone with Expired', async () => {
    await using lines = await api.lines(`${GHOSTS}?watch=1&resourceVersion=999999999&timeoutSeconds=1`);
    expect(await lines.next(), 'a revision still to come is waited for').toBeUndefined();
  });
});
