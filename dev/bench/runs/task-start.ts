import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { startModelServer } from '#model-server/model-server';
import { parseScript } from '#model-server/load-script';
import { silentLogger } from '#api/machinery/logger';
import { RUNNER_CONTAINER_PORT, RUNNER_ENV } from '#executor-manager/protocol/runner-environment';
import { dockerClient } from '../../environment/docker/docker.ts';
import { freePort } from '../../environment/free-port.ts';
import type { Figure } from '../load/figure.ts';
import { percentiles } from '../load/load.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { applyChatTeam, BASE, createChatTask } from './chat-team.ts';

const SAMPLES = 10;
const IMAGE = 'troupe-executor:latest';

/**
 * From applying a Task to the first event of its log, and to the agent's first word (a Chat shell on a
 * scripted model). The floor is what the engine takes to create and start a container of the same image
 * until its port answers. The two are measured in turns, so that both see the same machine.
 */
export async function measureTaskStart(dockerHost: string): Promise<Figure[]> {
  const script = parseScript('- reply: pong\n');
  const model = await startModelServer({ host: '127.0.0.1', port: 0, script, logger: silentLogger });
  try {
    await using api = await apiUnderTest({
      command: ['server', '--driver', 'docker'],
      env: { DOCKER_HOST: dockerHost, TROUPE_ALLOWED_ADDRESSES: 'localhost' },
    });
    const env = { model: 'claude', model_id: 'scripted-model', base_url: model.url, api_key: 'none' };
    await applyChatTeam(api, { env });
    const events: number[] = [];
    const words: number[] = [];
    const bare: number[] = [];
    // The first of each is warm-up: the engine reads the image's layers from disk once.
    for (let sample = 0; sample <= SAMPLES; sample += 1) {
      const { firstEventMs, firstWordMs } = await runTask(api, `start-${sample}`);
      await removeTask(api, `start-${sample}`);
      const bareMs = await bareStart(dockerHost);
      if (sample === 0) continue;
      events.push(firstEventMs);
      words.push(firstWordMs);
      bare.push(bareMs);
    }
    return [
      figure('Task applied -> first event', events, bare),
      figure('Task applied -> first word', words, bare),
    ];
  } finally {
    await model.close();
  }
}

function figure(name: string, samples: readonly number[], bare: readonly number[]): Figure {
  const [ours, least] = [percentiles(samples), percentiles(bare)];
  return {
    name,
    on: 'docker',
    value: `${Math.round(ours.p50Ms)} ms`,
    ...ours,
    floor: `docker create + start ${Math.round(least.p50Ms)} ms`,
    ratio: ours.p50Ms / least.p50Ms,
  };
}

interface TaskStart {
  firstEventMs: number;
  firstWordMs: number;
}

export async function runTask(api: ApiUnderTest, name: string): Promise<TaskStart> {
  const start = performance.now();
  await createChatTask(api, name, 'ping');
  const found: Partial<TaskStart> = {};
  const log = await api.open(
    `${BASE}/tasks/${name}/log?follow=true&format=jsonl`,
    AbortSignal.timeout(120_000),
  );
  // The log is read to its end, so that the next sample does not share the machine with this one's last steps.
  for await (const piece of log) {
    found.firstEventMs ??= performance.now() - start;
    if (/"type":\s*"text"/.test(piece.toString())) found.firstWordMs ??= performance.now() - start;
  }
  if (found.firstEventMs === undefined || found.firstWordMs === undefined) {
    throw new Error(`the Task ${name} ended without a word of its agent`);
  }
  return found as TaskStart;
}

/** With the Task go its Sandbox and its volume; the Sandbox last. */
export async function removeTask(api: ApiUnderTest, name: string): Promise<void> {
  await api.call('DELETE', `${BASE}/tasks/${name}`);
  const sandboxes = `/apis/agent.wecode.io/v1alpha1/namespaces/default/sandboxes`;
  for (const end = performance.now() + 60_000; ; await delay(20)) {
    const { items } = JSON.parse(await api.call('GET', sandboxes)) as { items: unknown[] };
    if (items.length === 0) return;
    if (performance.now() > end) throw new Error(`the Sandbox of the Task ${name} does not go`);
  }
}

/** Milliseconds from creating a container of the sandboxes' image to its runner answering on its port. */
async function bareStart(dockerHost: string): Promise<number> {
  const client = dockerClient(dockerHost);
  const port = await freePort();
  const tokenHash = createHash('sha256').update(randomBytes(16)).digest('hex');
  const start = performance.now();
  const container = await client.createContainer({
    Image: IMAGE,
    Env: [
      `${RUNNER_ENV.port}=${RUNNER_CONTAINER_PORT}`,
      `${RUNNER_ENV.host}=0.0.0.0`,
      `${RUNNER_ENV.tokenHash}=${tokenHash}`,
      `${RUNNER_ENV.workspace}=/workspace`,
      `${RUNNER_ENV.state}=/tmp/state`,
    ],
    HostConfig: {
      PortBindings: { [`${RUNNER_CONTAINER_PORT}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: `${port}` }] },
    },
  });
  try {
    await container.start();
    while (!(await answers(port))) {
      if (performance.now() - start > 60_000) throw new Error(`a container of ${IMAGE} does not answer`);
      await delay(2);
    }
    return performance.now() - start;
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** Any HTTP answer will do; without the token it is a 401. */
async function answers(port: number): Promise<boolean> {
  try {
    const answer = await request(`http://127.0.0.1:${port}/v1/ready`);
    await answer.body.dump();
    return true;
  } catch {
    return false; // not listening yet
  }
}
