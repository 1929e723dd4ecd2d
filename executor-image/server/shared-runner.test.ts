import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import type { RunRequest, RunState } from '#executor-manager/protocol/run';
import { parseScript } from '#model-server/load-script';
import { startModelServer } from '#model-server/model-server';
import type { ModelServer } from '#model-server/model-server';
import { systemClock } from '../clock.ts';
import { madeUpAccess } from '../model-access/made-up-access.ts';
import { startRun } from '../run/run.ts';
import { startRunnerServer } from './runner-server.ts';
import type { RunnerServer } from './runner-server.ts';

/** The runner that runs share, with the Chat adapter and a scripted model. */

const SCRIPT = `
- when: { contains: hang }
  hang: true
- reply: 'You said {{prompt}}'
`;
const TOKEN = 'the-token';
const LIMIT = 20;
let model: ModelServer;
let state: string;
let server: RunnerServer;
let emptied = 0;

beforeAll(async () => {
  const script = parseScript(SCRIPT);
  model = await startModelServer({ host: '127.0.0.1', port: 0, script, logger: silentLogger });
});
afterAll(() => model.close());
beforeEach(async () => {
  state = mkdtempSync(path.join(tmpdir(), 'troupe-shared-'));
  emptied = 0;
  server = await startRunnerServer({
    config: {
      ...{ host: '127.0.0.1', port: 0, workspace: '/nowhere', state, conversations: LIMIT },
      tokenHash: createHash('sha256').update(TOKEN).digest('hex'),
    },
    environment: {},
    probe: () => Promise.reject(new Error('a shared runner checks nothing')),
    startRun: async (id, request) =>
      startRun({
        ...{ id, request, workspace: '/nowhere', state, shared: true },
        ...{ environment: {}, agentEnvironment: {}, clock: systemClock },
        modelAccess: madeUpAccess(model.url),
      }),
    onTunnel: (socket) => socket.destroy(),
    onEmpty: () => (emptied += 1),
  });
});
afterEach(async () => {
  await server.close();
  rmSync(state, { recursive: true, force: true });
});

const call = (target: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${target}`, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
const put = (id: string, prompt: string, more: Partial<RunRequest> = {}): Promise<Response> => {
  const request: RunRequest = {
    shell: { type: 'Chat' },
    agent: { name: 'chat' },
    model: { protocol: 'openai', name: 'm' },
    ...{ prompt, timeoutSeconds: 20 },
    ...more,
  };
  return call(`/v1/runs/${id}`, { method: 'PUT', body: JSON.stringify(request) });
};
const stateOf = async (id: string): Promise<RunState> =>
  (await (await call(`/v1/runs/${id}`)).json()) as RunState;
const held = async (): Promise<string[]> =>
  ((await (await call('/v1/runs')).json()) as { runs: string[] }).runs.sort();
const remove = (id: string): Promise<Response> => call(`/v1/runs/${id}`, { method: 'DELETE' });
const files = (): string[] =>
  existsSync(path.join(state, 'runs')) ? readdirSync(path.join(state, 'runs')).sort() : [];

describe('a shared runner', () => {
  it('has many runs at once, each with its own answer', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `r${index}`);
    await Promise.all(ids.map((id) => put(id, `I am ${id}`)));
    await Promise.all(ids.map(async (id) => (await call(`/v1/runs/${id}/events`)).text()));
    for (const id of ids) {
      expect(await stateOf(id)).toMatchObject({
        phase: 'Succeeded',
        result: { value: `You said I am ${id}` },
      });
    }
    expect(await held()).toEqual(ids);
  });

  it('is abandoned when nothing goes on and nobody is connected, whatever it holds', async () => {
    await put('r1', 'hang');
    expect(await server.isAbandoned(), 'a run goes on').toBe(false);
    await call('/v1/runs/r1/cancel', { method: 'POST' });
    await (await call('/v1/runs/r1/events')).text();
    // The connections of these calls are kept open for a few seconds.
    await expect.poll(() => server.isAbandoned(), { timeout: 20_000 }).toBe(true);
    expect(await held()).toEqual(['r1']);
  });

  it('holds no more runs than its limit, and takes one again when another was deleted', async () => {
    const ids = Array.from({ length: LIMIT }, (_, index) => `r${index}`);
    const answers = await Promise.all([...ids, 'one-more'].map((id) => put(id, 'hang')));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      ...Array<number>(LIMIT).fill(200),
      429,
    ]);
    expect((await put('r0', 'hang')).status, 'a run that it has').toBe(200);
    await remove((await held())[0] ?? '');
    expect((await put('again', 'hang')).status).toBe(200);
  });

  it('forgets a run with all that is kept of it, whatever its agent does', async () => {
    await put('a', 'hang');
    await put('b', 'hang');
    expect(files()).toEqual(['a', 'b']);
    const events = call('/v1/runs/a/events');
    expect((await remove('a')).status).toBe(204);
    await (await events).text();
    expect((await remove('a')).status, 'again').toBe(204);
    expect([await held(), files(), emptied]).toEqual([['b'], ['b'], 0]);
    expect((await call('/v1/runs/a')).status).toBe(404);
    await remove('b');
    expect([await held(), files(), emptied]).toEqual([[], [], 1]);
  });

  it('cancels one run and lets the others go on', async () => {
    await put('a', 'hang');
    await put('b', 'hang');
    await call('/v1/runs/a/cancel', { method: 'POST' });
    await (await call('/v1/runs/a/events')).text();
    expect([(await stateOf('a')).phase, (await stateOf('b')).phase]).toEqual(['Cancelled', 'Running']);
  });

  it('has no workspace', async () => {
    expect((await call('/v1/workspace')).status).toBe(404);
    expect((await call('/v1/workspace?limit=1', { method: 'PUT', body: '' })).status).toBe(404);
  });

  it('refuses agents that work in files', async () => {
    await put('a', 'p', { shell: { type: 'ClaudeCode' } });
    await (await call('/v1/runs/a/events')).text();
    expect(await stateOf('a')).toMatchObject({
      phase: 'Failed',
      reason: 'StartFailed',
      message: 'ClaudeCode works in files and needs a sandbox of its own',
    });
  });
});
