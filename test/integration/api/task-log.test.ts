import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestApi;
let name = '';
let uid = '';
let count = 0;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

beforeEach(async () => {
  name = `task-${(count += 1)}`;
  const spec = { prompt: 'do', teamRef: { name: 't', namespace: 'default' } };
  const body = { apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name }, spec };
  const made = await api.send(TASKS, { method: 'POST', body });
  uid = (made.json() as unknown as { metadata: { uid: string } }).metadata.uid;
});

const event = (sourceSeq: number, type: string, data: object): object => ({
  sourceSeq,
  time: '2026-11-21T07:00:00.000000Z',
  type,
  data,
});

function append(events: object[], more: object = {}): Promise<ApiAnswer> {
  const body = { source: 'sandbox-1', taskUID: uid, events, ...more };
  return api.send(`${TASKS}/${name}/log`, { method: 'POST', body });
}

function setStatus(status: string): Promise<ApiAnswer> {
  const body = { status: { status } };
  return api.send(`${TASKS}/${name}/status`, { method: 'PATCH', body, headers: MERGE });
}

describe('the log of a Task', () => {
  it('answers a HEAD at once, and follows nothing for it', async () => {
    const answer = await api.send(`${TASKS}/${name}/log?follow=true`, { method: 'HEAD' });
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'text/plain; charset=utf-8',
      '',
    ]);
  });

  it('keeps numbered events once, and shows them as text and as JSON lines', async () => {
    const events = [
      event(1, 'text', { text: 'Looking ' }),
      event(2, 'text', { text: 'around.' }),
      event(3, 'tool_call', { id: '1', name: 'Edit', input: { file_path: 'README.md' } }),
    ];
    expect((await append(events)).json()).toEqual({
      lastSeq: 3,
      lastSourceSeq: 3,
      lastSourceEventSeq: 3,
    });
    expect((await append(events)).json(), 'again: nothing is added').toEqual({
      lastSeq: 3,
      lastSourceSeq: 3,
      lastSourceEventSeq: 3,
    });
    const text = await api.send(`${TASKS}/${name}/log`);
    expect(text.headers['content-type']).toContain('text/plain');
    expect(text.text).toBe('Looking around.\n> Edit README.md\n');
    const json = await api.send(`${TASKS}/${name}/log?after=1`, {
      headers: { accept: 'application/x-ndjson' },
    });
    const lines = json.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; source: string });
    expect(lines.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(lines[0]?.source).toBe('sandbox-1');
    expect((await api.send(`${TASKS}/${name}/log?format=jsonl&after=2`)).text).toContain('"seq":3');
  });

  it('is followed until the Task is final and everything was sent', async () => {
    await using lines = await api.lines(`${TASKS}/${name}/log?follow=true&format=jsonl`);
    await append([event(1, 'text', { text: 'one' })]);
    expect(await lines.next()).toContain('"seq":1');
    await setStatus('RUNNING');
    await append([event(2, 'text', { text: 'two' })]);
    await setStatus('COMPLETED');
    expect(await lines.next()).toContain('"seq":2');
    expect(await lines.next()).toBeUndefined();
    const over = await api.send(`${TASKS}/${name}/log?follow=true&format=jsonl&after=1`);
    expect(over.text.trim().split('\n'), 'a final Task needs no following').toHaveLength(1);
  });

  it('ends when the Task is deleted', async () => {
    await using lines = await api.lines(`${TASKS}/${name}/log?follow=true&format=jsonl`);
    await append([event(1, 'text', { text: 'one' })]);
    expect(await lines.next()).toContain('"seq":1');
    await api.send(`${TASKS}/${name}`, { method: 'DELETE' });
    expect(await lines.next()).toBeUndefined();
  });

  it('has messages beside it', async () => {
    const messages = [{ role: 'USER', content: 'do', time: '2026-11-21T07:00:00.000000Z' }];
    await append([event(1, 'text', { text: 'x' })], { messages });
    const answer = await api.send(`${TASKS}/${name}/messages`);
    expect(answer.json()).toMatchObject({
      items: [{ id: 1, role: 'USER', content: 'do', source: 'sandbox-1' }],
    });
  });

  it.each([
    [{ source: '' }, 400, 'source'],
    [{ events: 'none' }, 400, 'events'],
    [{ events: [event(0, 'text', {})] }, 400, 'events[0].sourceSeq'],
    [{ events: [event(1, 'song', {})] }, 400, 'events[0].type'],
    [{ events: [{ ...event(1, 'text', {}), time: 'now' }] }, 400, 'events[0].time'],
    [{ taskUID: 'another' }, 409, 'uid another'],
    [{ events: [event(7, 'text', {})] }, 409, ''],
  ])('refuses %j with %d', async (more, code, text) => {
    const answer = await append([event(1, 'text', {})], more);
    expect([answer.status, answer.text]).toEqual([code, expect.stringContaining(text)]);
  });

  it('is gone with the Task', async () => {
    await append([event(1, 'text', { text: 'x' })]);
    await api.send(`${TASKS}/${name}`, { method: 'DELETE' });
    expect((await api.send(`${TASKS}/${name}/log`)).status).toBe(404);
    expect((await append([])).status).toBe(404);
    expect((await api.send(`${TASKS}/${name}/messages`)).status).toBe(404);
  });

  it('refuses a format and a number it does not know', async () => {
    expect((await api.send(`${TASKS}/${name}/log?format=xml`)).status).toBe(400);
    expect((await api.send(`${TASKS}/${name}/log?after=-1`)).status).toBe(400);
  });
});
