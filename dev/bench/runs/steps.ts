import { request } from 'undici';
import { startModelServer } from '#model-server/model-server';
import { parseScript } from '#model-server/load-script';
import { silentLogger } from '#api/machinery/logger';
import type { TaskEvent } from '#api/types/tasks/task-event';
import { openLines } from '../load/fan-out.ts';
import type { Figure } from '../load/figure.ts';
import { percentiles } from '../load/load.ts';
import { fourWrites } from '../scheduling/four-writes.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { applyChatTeam, BASE, createChatTask } from './chat-team.ts';

const SIZE = { tasks: 20, steps: 5, calls: 50 };
const TASK_MS = 120_000;

/**
 * A whole step in the process that conversations share, in an all-in-one server with nothing else to do: from the end of the
 * step before until a follower of the log has its first event, and its last. The floors are of the same run: the writes
 * that a step needs, and beside them a call of its scripted model.
 */
export async function measureSteps(): Promise<Figure[]> {
  const script = parseScript('- reply: pong\n');
  const model = await startModelServer({ host: '127.0.0.1', port: 0, script, logger: silentLogger });
  try {
    await using api = await apiUnderTest({
      command: ['server', '--driver', 'process'],
      env: { TROUPE_ALLOWED_ADDRESSES: 'localhost' },
    });
    const env = { model: 'claude', model_id: 'scripted-model', base_url: model.url, api_key: 'none' };
    await applyChatTeam(api, { env, members: SIZE.steps });
    // The first one starts the process that all share.
    await runTask(api, 'first');
    const gaps: Gap[] = [];
    for (let index = 0; index < SIZE.tasks; index += 1) gaps.push(...(await runTask(api, `steps-${index}`)));
    const writes = percentiles(await fourWrites(api)).p50Ms;
    const call = percentiles(await modelCalls(model.url)).p50Ms;
    return [
      figure(
        'from the end of a step to the first event of the next',
        gaps.map(({ firstMs }) => firstMs),
        {
          ...{ ms: writes, name: 'four writes' },
        },
      ),
      figure(
        'from the end of a step to the end of the next',
        gaps.map(({ endMs }) => endMs),
        {
          ...{ ms: writes + call, name: 'four writes and a call of the model' },
        },
      ),
    ];
  } finally {
    await model.close();
  }
}

function figure(name: string, samples: readonly number[], least: { name: string; ms: number }): Figure {
  const ours = percentiles(samples);
  return {
    ...{ name: `shared runner: ${name}`, on: 'process', value: `${ours.p50Ms.toFixed(0)} ms`, ...ours },
    floor: `${least.name} p50 ${least.ms.toFixed(1)} ms`,
    ratio: ours.p50Ms / least.ms,
  };
}

/** Milliseconds from the end of a step: until a follower has the first event of the next, and its last. */
interface Gap {
  firstMs: number;
  endMs: number;
}

/** Milliseconds since the epoch. */
interface Step {
  /** When a follower of the log had its first event. */
  seenAt: number;
  /** When its runner said that it was done. */
  endedAt: number;
  /** When a follower knew that. */
  endSeenAt: number;
}

async function runTask(api: ApiUnderTest, name: string): Promise<Gap[]> {
  const steps = new Map<string, Step>();
  const seen = (line: string): void => {
    const { source, type, time, data } = JSON.parse(line) as TaskEvent;
    const now = performance.timeOrigin + performance.now();
    const step = steps.get(source) ?? { seenAt: now, endedAt: Number.NaN, endSeenAt: Number.NaN };
    steps.set(source, step);
    if (type !== 'result') return;
    if (data['phase'] !== 'Succeeded') throw new Error(`a step of the Task ${name} failed: ${line}`);
    step.endedAt = Date.parse(time);
    step.endSeenAt = now;
  };
  await createChatTask(api, name, 'ping');
  const path = `${BASE}/tasks/${name}/log?follow=true&format=jsonl`;
  const log = await openLines((signal) => api.open(path, signal), seen, AbortSignal.timeout(TASK_MS));
  await log.ended;
  if (steps.size !== SIZE.steps) throw new Error(`the Task ${name} had ${steps.size} steps`);
  return gapsBetween([...steps.values()]);
}

function gapsBetween(steps: readonly Step[]): Gap[] {
  return steps.slice(1).map(({ seenAt, endSeenAt }, at) => {
    const before = steps[at]?.endedAt ?? Number.NaN;
    return { firstMs: seenAt - before, endMs: endSeenAt - before };
  });
}

/** Milliseconds of each direct call of the scripted model. */
async function modelCalls(url: string): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < SIZE.calls; index += 1) {
    const start = performance.now();
    const { body, statusCode } = await request(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'none', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({
        ...{ model: 'scripted-model', max_tokens: 100, messages: [{ role: 'user', content: 'ping' }] },
      }),
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`the scripted model answers ${statusCode}: ${text}`);
    times.push(performance.now() - start);
  }
  return times;
}
