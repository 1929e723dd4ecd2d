import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Figure } from '../load/figure.ts';
import { percentiles } from '../load/load.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { applyChatTeam, BASE, createChatTask } from './chat-team.ts';
import { now, slowService } from './slow-service.ts';
import type { SlowService } from './slow-service.ts';

const SANDBOXES = '/apis/agent.wecode.io/v1alpha1/namespaces/default/sandboxes';
/** Under way at once, for memory. */
const CROWD = 1000;
/** At once beside as many direct calls. */
const GROUP = 100;

/**
 * Conversations: how old a word is when a follower of the log has it, with 100 of them at once, beside 100 direct calls of
 * the same service in the same run; and what 1,000 under way at once cost in memory.
 */
export async function measureConversations(): Promise<Figure[]> {
  await using service = await slowService();
  await using api = await apiUnderTest({
    command: ['server', '--driver', 'process'],
    env: { MAX_CONCURRENT_CONVERSATIONS: String(CROWD + GROUP), TROUPE_ALLOWED_ADDRESSES: 'localhost' },
  });
  const key = randomBytes(16).toString('hex');
  await applyChatTeam(api, {
    env: { model: 'openai', model_id: 'm', base_url: service.url, api_key: key },
  });
  // The first one starts the process that all share.
  await converse(api, { name: 'first', prompt: 'words' });
  const direct = await together((index) => directCall(service.url, `words ${index}`));
  const ours = await together((index) => converse(api, { name: `talk-${index}`, prompt: 'words' }));
  const ages = (list: readonly Talk[]): Ages => ({
    first: list.flatMap(({ agesMs: [first] }) => first ?? []),
    later: list.flatMap(({ agesMs }) => agesMs.slice(1)),
  });
  const [mine, floor] = [ages(ours), ages(direct)];
  return [
    figure('100 conversations: the first word', mine.first, floor.first),
    figure('100 conversations: each word after it', mine.later, floor.later),
    askedFigure(ours.map(({ askedMs }) => askedMs)),
    ...(await crowdMemory(api, service)),
  ];
}

/** Milliseconds from the service's word until somebody has it. */
interface Ages {
  first: number[];
  later: number[];
}

function figure(name: string, ours: readonly number[], least: readonly number[]): Figure {
  const [mine, floor] = [percentiles(ours), percentiles(least)];
  return {
    ...{ name, on: 'process', ...mine },
    value: `+${Math.round(mine.p50Ms - floor.p50Ms)} ms`,
    floor: `direct p50 ${floor.p50Ms.toFixed(1)} ms, p99 ${floor.p99Ms.toFixed(1)} ms`,
  };
}

/** With all that a Task costs before: its plan, its Sandbox, the binding, the claim. */
function askedFigure(samples: readonly number[]): Figure {
  const { p50Ms, p99Ms } = percentiles(samples);
  const name = '100 Tasks at once: until the model has said a word';
  return { name, on: 'process', value: `${Math.round(p50Ms)} ms`, p50Ms, p99Ms };
}

interface Talk {
  agesMs: number[];
  /** From the beginning until the service has said its first word. */
  askedMs: number;
}

function together(act: (index: number) => Promise<Talk>): Promise<Talk[]> {
  return Promise.all(Array.from({ length: GROUP }, (_, index) => act(index)));
}

const connections = new Agent({ connections: GROUP, headersTimeout: 0, bodyTimeout: 0 });

async function directCall(url: string, prompt: string): Promise<Talk> {
  const words = wordReader();
  const { body } = await request(`${url}/chat/completions`, {
    ...{ method: 'POST', dispatcher: connections },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: prompt }] }),
  });
  for await (const piece of body) words.read(String(piece));
  return words.talk();
}

/** Each word says when it was said. */
function wordReader(): { read(text: string): void; talk(): Talk } {
  const start = now();
  const agesMs: number[] = [];
  let askedMs: number | undefined;
  return {
    read(text) {
      for (const [, said] of text.matchAll(/w(\d{13}(?:\.\d+)?) /g)) {
        agesMs.push(now() - Number(said));
        askedMs ??= Number(said) - start;
      }
    },
    talk() {
      if (askedMs === undefined) throw new Error('nothing was said');
      return { agesMs, askedMs };
    },
  };
}

/** The words of a new Task, as a follower of its log has them. */
async function converse(api: ApiUnderTest, task: { name: string; prompt: string }): Promise<Talk> {
  const words = wordReader();
  await createChatTask(api, task.name, task.prompt);
  const path = `${BASE}/tasks/${task.name}/log?follow=true&format=jsonl`;
  for await (const piece of await api.open(path, AbortSignal.timeout(120_000))) {
    for (const line of piece.toString().split('\n')) if (/"type":\s*"text"/.test(line)) words.read(line);
  }
  return words.talk();
}

/** The memory of the manager, which is the whole server here, and of the process that conversations share. */
async function crowdMemory(api: ApiUnderTest, service: SlowService): Promise<Figure[]> {
  const runner = await runnerPid(api);
  const before = { server: await residentMiB(api.pid), runner: await residentMiB(runner) };
  for (let start = 0; start < CROWD; start += 50) {
    const names = Array.from({ length: 50 }, (_, index) => `crowd-${start + index}`);
    await Promise.all(names.map((name) => createChatTask(api, name, 'wait here')));
  }
  for (const end = performance.now() + 300_000; service.open() < CROWD; await delay(200)) {
    if (performance.now() > end) throw new Error(`only ${service.open()} conversations are under way`);
  }
  await delay(5000);
  const after = { server: await residentMiB(api.pid), runner: await residentMiB(runner) };
  service.release();
  const each = (name: string, from: number, to: number): Figure => ({
    ...{ name, on: 'process', value: `${(((to - from) * 1024) / CROWD).toFixed(0)} KiB each` },
    floor: `${from.toFixed(0)} MiB before, ${to.toFixed(0)} MiB with ${CROWD}`,
  });
  return [
    each('memory of a conversation in the shared process', before.runner, after.runner),
    each('memory of a conversation in the server (API, controllers, manager)', before.server, after.server),
  ];
}

async function runnerPid(api: ApiUnderTest): Promise<number> {
  const list = JSON.parse(await api.call('GET', SANDBOXES)) as {
    items: { status?: { runtime?: { name?: string } } }[];
  };
  const name = list.items.find(({ status }) => status?.runtime?.name)?.status?.runtime?.name ?? '';
  return Number(/^pid\/(\d+)$/.exec(name)?.[1]);
}
