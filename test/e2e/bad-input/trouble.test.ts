import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';
import { ghost, manifests, SECRET_KEY, task, teamManifests } from '../../kit/manifests.ts';
import { modelService } from '../../kit/model-script.ts';
import { startServer } from '../../kit/troupe-process.ts';

/**
 * The world around Troupe fails: each Task ends with a cause, and the rest keeps working. Each test has
 * a server of its own, and most of its time it waits for an agent to give up.
 */
const stack = new AsyncDisposableStack();
let folder: string;
let model: string;

beforeAll(async () => {
  folder = stack.use(await temporaryFolder('trouble')).path;
  model = stack.use(
    await modelService(`
rules:
  - when: { contains: break }
    error: { status: 500, message: the model fell over }
  - when: { contains: hang }
    hang: true
  - reply: Hello there.
`),
  ).url;
});
afterAll(() => stack.disposeAsync());

/** A server of this test with a Chat Team and a Claude Code Team. */
async function serve(
  name: string,
  options: { env?: Record<string, string>; driver?: 'docker' | 'process' } = {},
) {
  const server = await startServer({ dataDir: path.join(folder, name), ...options });
  const commands = commandsFor(server.kubeconfig);
  await commands.apply(teamManifests({ name: 'chat', modelURL: model, shellType: 'Chat' }));
  await commands.apply(teamManifests({ name: 'code', modelURL: model, shellType: 'ClaudeCode' }));
  return { server, commands };
}

const finished = (name: string): string[] => [
  'wait',
  `task/${name}`,
  '--for=condition=Finished',
  '--timeout=120s',
];

async function outcome(commands: Commands, name: string): Promise<{ status: string; errorMessage?: string }> {
  await commands.mustKubectl(finished(name));
  return (await commands.get<{ status: { status: string; errorMessage?: string } }>('task', name)).status;
}

describe.concurrent('a model that fails', () => {
  it.each([
    { team: 'chat', prompt: 'break', says: /500/, reason: 'a direct call that gets a 500' },
    {
      team: 'code',
      prompt: 'break',
      says: /500/,
      reason: 'Claude Code gives up on a model that answers 500',
    },
    {
      team: 'chat',
      prompt: 'hang',
      says: /5 s|time/i,
      reason: 'a model that never answers ends with the time limit',
    },
    { team: 'code', prompt: 'hang', says: /5 s|time/i, reason: 'the same with Claude Code' },
  ])('$team: $reason', async ({ team, prompt, says }) => {
    const { server, commands } = await serve(`model-${team}-${prompt}`);
    await using _ = server;
    const spec = prompt === 'hang' ? { timeoutSeconds: 5 } : {};
    await commands.apply(manifests(task({ name: 'bad', team, prompt, spec })));
    const status = await outcome(commands, 'bad');
    expect(status.status).toBe('FAILED');
    expect(status.errorMessage).toMatch(says);
    expect(await commands.mustKubectl(['describe', 'task', 'bad'])).toMatch(/TaskFailed/);

    await commands.apply(manifests(task({ name: 'good', team: 'chat', prompt: 'Hi' })));
    expect((await outcome(commands, 'good')).status, 'the next Task is not harmed').toBe('COMPLETED');
    expect(server.process.output(), 'credentials stay out of the log').not.toContain(SECRET_KEY);
    expect(await commands.mustKubectl(['get', 'tasks,sandboxes', '-o', 'yaml'])).not.toContain(SECRET_KEY);
  });
});

describe.concurrent('a port range of one port', () => {
  it('runs five Tasks, one after the other', async () => {
    const port = String(await freePort());
    const { server, commands } = await serve('one-port', {
      env: {
        ...{ EXECUTOR_PORT_RANGE_MIN: port, EXECUTOR_PORT_RANGE_MAX: port },
        MAX_CONCURRENT_CONVERSATIONS: '0',
      },
    });
    await using _ = server;
    const names = ['p1', 'p2', 'p3', 'p4', 'p5'];
    await commands.apply(
      manifests(...names.map((name) => task({ name, team: 'chat', prompt: `Hi from ${name}` }))),
    );
    for (const name of names) expect((await outcome(commands, name)).status, name).toBe('COMPLETED');
    const ports = await commands.mustKubectl([
      'get',
      'sandboxes',
      '-o',
      'jsonpath={.items[*].status.hostPort}',
    ]);
    expect(ports.trim().split(' ')).toEqual(names.map(() => port));
  });
});

describe.concurrent('no Docker engine', () => {
  it('is told by the Executor, the Sandbox and the Task; the API goes on', async () => {
    const socket = path.join(folder, 'nowhere.sock');
    const { server, commands } = await serve('no-engine', {
      driver: 'docker',
      env: { DOCKER_HOST: `unix://${socket}` },
    });
    await using _ = server;
    await commands.mustKubectl([
      'wait',
      'executors',
      '--all',
      '--for=condition=Ready=False',
      '--timeout=30s',
    ]);
    const executor = await commands.mustKubectl([
      'get',
      'executors',
      '-o',
      'jsonpath={.items[0].status.conditions}',
    ]);
    expect(executor).toContain('EngineUnavailable');
    expect(executor).toContain(socket);

    await commands.apply(manifests(task({ name: 'stuck', team: 'chat', prompt: 'Hi' })));
    await commands.mustKubectl(['wait', 'task/stuck', '--for=condition=Ready', '--timeout=30s']);
    await commands.mustKubectl([
      'wait',
      'sandboxes',
      '--all',
      '--for=condition=Scheduled=False',
      '--timeout=30s',
    ]);
    expect(await commands.mustKubectl(['describe', 'sandboxes'])).toMatch(/FailedScheduling.*Executor/);
    await commands.apply(manifests(ghost('still-works')));
    await commands.mustKubectl(['delete', 'task', 'stuck']);
    await commands.mustKubectl(['wait', 'sandboxes', '--all', '--for=delete', '--timeout=30s']);
  });
});

describe.concurrent('a full disk below the data folder', () => {
  it('refuses writes with the cause, keeps what it has, and goes on when there is room', async () => {
    const dataDir = path.join(folder, 'full');
    await mkdir(dataDir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', dataDir]);
    const { server, commands } = await serve('full');
    await using _ = server;
    const filler = path.join(dataDir, 'filler');
    await writeFile(filler, 'x'.repeat(16 * 1024 * 1024)).catch((error: NodeJS.ErrnoException) => {
      expect(error.code).toBe('ENOSPC');
    });
    const refused = await writeUntilRefused(commands);
    expect(refused).toMatch(/no space left/i);
    expect(await commands.mustKubectl(['get', 'ghosts', '-o', 'name']), 'reads go on').toContain(
      'ghost.agent.wecode.io/chat',
    );

    await rm(filler);
    await commands.apply(manifests(ghost('after')));
  });
});

/** SQLite may have pages to spare; a few large objects use them up. */
async function writeUntilRefused(commands: Commands): Promise<string> {
  for (let i = 0; i < 100; i += 1) {
    const big = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Ghost',
      metadata: { name: `big-${i}` },
      spec: { systemPrompt: 'x'.repeat(500_000) },
    };
    const result = await commands.kubectl(['create', '-f', '-'], { stdin: JSON.stringify(big) });
    if (result.code !== 0) return result.stderr;
  }
  throw new Error('100 objects of 500 kB fitted on a full disk');
}
