import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TaskEvent, TaskEventInput } from '#api/types/tasks/task-event';
import { LocalTaskLogs } from './local-task-logs.ts';
import type { LocalTaskLogsOptions } from './local-task-logs.ts';
import { tailOf } from './log-tails.ts';
import type { LogTails } from './log-tails.ts';

const REF = { namespace: 'default', name: 'asked' };
const TASK_UID = 'u-1';
let folder: string;
/** The uid of the Task that is there; undefined: it is gone. */
let living: string | undefined;
let shown: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-local-logs-'));
  living = TASK_UID;
  shown = [];
});
afterEach(() => rm(folder, { recursive: true }));

function open(): LocalTaskLogs {
  const find = async () => (living === undefined ? undefined : { metadata: { name: 'asked', uid: living } });
  const client = { find } as LocalTaskLogsOptions['client'];
  const show: LogTails['show'] = async (_sandbox, read) => void shown.push(tailOf(read()));
  return new LocalTaskLogs({ folder, client, tails: { show } as LogTails });
}

const event = (sourceSeq: number, type: TaskEventInput['type'] = 'text'): TaskEventInput => ({
  ...{ sourceSeq, type },
  time: '2026-01-01T00:00:00.000000Z',
  data: { text: `event ${sourceSeq}` },
});
const batch = (source: string, ...events: TaskEventInput[]) => ({ source, taskUID: TASK_UID, events });

async function readAll(logs: LocalTaskLogs, after = 0): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for await (const one of logs.read(REF, { after })) events.push(one);
  return events;
}

test('events are numbered over all sources, each once, also by the next manager', async () => {
  const first = open();
  await first.append(REF, batch('a', event(1), event(2)));
  await first.append(REF, batch('b', event(1)));
  const second = open();
  const repeated = await second.append(REF, batch('a', event(2), event(3, 'result')));
  expect(repeated).toEqual({ lastSeq: 4, lastSourceSeq: 3, lastSourceEventSeq: 4 });
  const read = await readAll(second, 1);
  expect(read.map(({ seq, source, sourceSeq }) => [seq, source, sourceSeq])).toEqual([
    [2, 'a', 2],
    [3, 'b', 1],
    [4, 'a', 3],
  ]);
  expect(shown.at(-1)?.trim().split('\n')).toHaveLength(3);
});

test('half a line that a crash left is forgotten', async () => {
  await open().append(REF, batch('a', event(1)));
  const file = join(folder, `${TASK_UID}.jsonl`);
  await writeFile(file, `${await readFile(file, 'utf8')}{"seq":2,"sou`);
  await expect(open().append(REF, batch('a', event(2)))).resolves.toMatchObject({ lastSeq: 2 });
  const next = open();
  await next.append(REF, batch('a'));
  expect((await readAll(next)).map(({ data }) => data['text'])).toEqual(['event 1', 'event 2']);
});

test('a gap, another Task of the name and a Task that is gone are refused', async () => {
  const logs = open();
  await logs.append(REF, batch('a', event(1)));
  await expect(logs.append(REF, batch('a', event(3)))).rejects.toMatchObject({ reason: 'Conflict' });
  living = 'u-2';
  await expect(logs.append(REF, batch('a'))).rejects.toMatchObject({ reason: 'Conflict' });
  living = undefined;
  await expect(logs.append(REF, batch('a'))).rejects.toMatchObject({ reason: 'NotFound' });
});

test('logs of Tasks of which nothing is here are swept away, others go on after the sweep', async () => {
  const logs = open();
  await logs.append(REF, batch('a', event(1)));
  await logs.sweep(() => new Set([TASK_UID]));
  await expect(logs.append(REF, batch('a', event(2)))).resolves.toMatchObject({ lastSeq: 2 });
  await logs.sweep(() => new Set(['u-2']));
  expect(await readdir(folder)).toEqual([]);
  await expect(logs.append(REF, batch('b', event(1)))).resolves.toMatchObject({ lastSeq: 1 });
});

test('runs that end one after the other and side by side write one log', async () => {
  const logs = open();
  const run = async (source: string): Promise<void> => {
    for (let at = 1; at <= 5; at += 1)
      await logs.append(REF, batch(source, event(at, at === 5 ? 'result' : 'text')));
  };
  await run('first');
  await Promise.all(['a', 'b', 'c'].map(run));
  const read = await readAll(open());
  expect(read.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test('a uid that leads to another folder is the one of no Task, and no file of it is removed', async () => {
  const other = join(folder, 'other.jsonl');
  await writeFile(other, 'x');
  await mkdir(join(folder, 'logs'));
  const find = async () => undefined;
  const logs = new LocalTaskLogs({
    folder: join(folder, 'logs'),
    client: { find },
    tails: { show: async () => undefined } as unknown as LogTails,
  });
  const odd = { ...batch('a'), taskUID: '../other' };
  await expect(logs.append(REF, odd)).rejects.toMatchObject({ reason: 'NotFound' });
  expect(await readFile(other, 'utf8')).toBe('x');
});

test('a tail is whole lines of at most 64 KiB', () => {
  const large = Array.from({ length: 100 }, (_, index) => ({
    ...{ ...event(index + 1), seq: index + 1, source: 'a' },
    data: { text: 'ü'.repeat(1000) },
  }));
  const tail = tailOf(large);
  expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(64 * 1024);
  expect(tail.endsWith('\n')).toBe(true);
  const numbers = tail
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { seq: number }).seq);
  expect(numbers.at(-1)).toBe(100);
  expect(numbers.length).toBeGreaterThan(20);
});
