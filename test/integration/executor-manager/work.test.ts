import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { findCondition } from '#api/machinery/condition';
import { silentLogger } from '#api/machinery/logger';
import { unavailable } from '#api/machinery/status-error';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { dockerClient } from '#dev/environment/docker/docker';
import { HOST_NAME, hostAddress } from '#dev/environment/docker/docker-gateway';
import type { ExecutorManagerConfig } from '#executor-manager/config';
import { chooseDriver } from '#executor-manager/drivers/choose-driver';
import type { Runtime, RuntimeDriver } from '#executor-manager/drivers/driver';
import { newRuntimeID } from '#executor-manager/runtime/runtime-source';
import type { Reservation, RuntimeSource } from '#executor-manager/runtime/runtime-source';
import type { RuntimeToken } from '#executor-manager/runtime/runtime-token';
import { gitRepository } from '../../kit/git-repository.ts';
import type { GitRepository } from '../../kit/git-repository.ts';
import {
  EXECUTOR,
  createSandbox,
  eventLog,
  inPhase,
  isOver,
  managerConfig,
  runSandbox,
  stage,
  startManager,
  untilEvent,
  untilGone,
  untilSandbox,
} from './stage.ts';
import type { Stage } from './stage.ts';

/** The work of a node moves between runtimes and survives them, whatever ends in between. */
const WORK = [
  'git checkout -q -b feature && echo one > committed && git add . && git commit -qm one',
  'echo two > staged && git add staged && echo three > loose && echo more >> README.md',
  'mkdir -p .git/info node_modules && echo node_modules > .git/info/exclude && echo four > node_modules/ignored',
].join(' && ');
const LOOK =
  'git status --short --branch; git log --format=%s -1; cat loose node_modules/ignored; tail -1 README.md';

const bash = (command: string): string =>
  `toolCall: { name: Bash, input: { command: ${JSON.stringify(command)}, description: Work } }`;

const SCRIPT = `
rules:
  - when: { contains: work and wait }
    steps:
      - ${bash(WORK)}
      - hang: true
  - when: { contains: do the work }
    steps:
      - ${bash(WORK)}
      - reply: done
  - when: { contains: remove the repository }
    steps:
      - ${bash('rm -rf .git && echo kept > loose')}
      - reply: done
  - when: { contains: leave a file }
    steps:
      - ${bash('ls; echo mine > mine')}
      - reply: '{{toolResult}}'
  - when: { contains: do nothing }
    reply: done
  - when: { contains: look }
    steps:
      - ${bash(LOOK)}
      - reply: '{{toolResult}}'
`;

const SEEN = ['## feature', ' M README.md', 'A  staged', '?? loose', 'one', 'three', 'four', 'more'];

const ref = (name: string) => ({ namespace: 'default', name });
const dockerHost = process.env['DOCKER_HOST'] ?? '';
const engine = dockerClient(dockerHost);

const worlds = [
  {
    driver: 'process' as const,
    open: async () => ({ on: await stage({ script: SCRIPT }), repository: await gitRepository() }),
    kill: async ({ status }: Sandbox) =>
      void process.kill(Number(status?.runtime?.name?.slice('pid/'.length)), 'SIGKILL'),
  },
  {
    driver: 'docker' as const,
    open: async () => {
      const listen = await hostAddress(dockerHost);
      const on = await stage({ script: SCRIPT });
      return { on, repository: await gitRepository({ host: HOST_NAME, listen }) };
    },
    kill: async ({ status }: Sandbox) => engine.getContainer(status?.runtime?.name ?? '').kill(),
  },
];

const saveOf = ({ status }: Sandbox) => findCondition(status?.conditions, 'WorkSaved');

describe.each(worlds)('the work of a run, with the driver $driver', ({ driver, open, kill }) => {
  let on: Stage;
  let repository: GitRepository;
  let config: ExecutorManagerConfig;
  beforeAll(async () => {
    ({ on, repository } = await open());
    config = await managerConfig(on, { driver });
  });
  afterAll(async () => {
    await repository[Symbol.asyncDispose]();
    await on[Symbol.asyncDispose]();
  });

  const kept = (): Promise<string[]> =>
    readdir(path.join(config.dataDir, 'executors', EXECUTOR, 'work'), { recursive: true }).catch(() => []);

  function spec(continueFrom: Sandbox[] = [], more: Partial<SandboxSpec> = {}): Partial<SandboxSpec> {
    return {
      shell: { type: 'ClaudeCode' },
      model: { ref: { name: 'model' }, protocol: 'anthropic', name: 'm', baseURL: on.modelURL },
      workspace: {
        gitUrl: repository.url,
        branchName: 'main',
        workBranch: 'troupe/work',
      },
      continueFrom: continueFrom.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid ?? '' })),
      ...more,
    };
  }

  /** The second node, which says what it finds. */
  async function look(task: Task, from: Sandbox[], more: Partial<SandboxSpec> = {}): Promise<Sandbox> {
    const name = `${task.metadata.name}-next`;
    await createSandbox(on, task, {
      name,
      prompt: 'look',
      spec: spec(from, { node: 's1', step: 1, ...more }),
    });
    return untilSandbox(on, `${name}-s0-a1`, isOver);
  }

  function expectAll(sandbox: Sandbox): void {
    expect(sandbox.status).toMatchObject({ phase: 'Succeeded' });
    const lines = sandbox.status?.result?.value?.split('\n');
    expect(lines?.map((line) => line.trimEnd())).toEqual(SEEN);
  }

  /** Nothing of a Task outlives it. */
  async function clear(task: Task): Promise<void> {
    const { client } = on.connection;
    await client.delete(TASKS, ref(task.metadata.name));
    for (const { metadata } of (await client.list(SANDBOXES)).items) {
      await client.delete(SANDBOXES, ref(metadata.name));
      await untilGone(on, metadata.name);
    }
    expect(await kept()).toEqual([]);
  }

  it('goes from one runtime to the next, both started before the Task was there', async () => {
    const source = Promise.withResolvers<ReadyRuntimes>();
    const environment = { config, owner: randomUUID(), clock: systemClock, logger: silentLogger };
    const ending = new AbortController();
    const own = await chooseDriver({ ...environment, signal: ending.signal });
    await using _ = await startManager(on, config, {
      driver: own,
      runtimes: (tokenFor) => {
        const ready = new ReadyRuntimes(own, tokenFor);
        source.resolve(ready);
        return ready;
      },
    });
    const ready = await source.promise;
    const ids = [await ready.add(), await ready.add()];
    const { task, sandbox } = await runSandbox(on, { name: 'pooled', prompt: 'do the work', spec: spec() });
    const first = await untilSandbox(on, 'pooled-s0-a1', isOver);
    expect(first.status).toMatchObject({ phase: 'Succeeded', runtimeID: ids[0] });
    const second = await look(task, [sandbox]);
    expect(second.status?.runtimeID).toBe(ids[1]);
    expectAll(second);
    await expect.poll(() => own.list(), { timeout: 20_000 }).toEqual([]);
    await clear(task);
    ending.abort(new Error('over'));
  });

  it('is saved from a runtime that was killed', async () => {
    await using _ = await startManager(on, config);
    const { task, sandbox } = await runSandbox(on, {
      name: 'lost',
      prompt: 'work and wait',
      spec: spec([], { node: 's0' }),
    });
    await untilEvent(on, 'lost', (event) => event.type === 'tool_result');
    await kill(await untilSandbox(on, 'lost-s0-a1', inPhase('Running')));
    const lost = await untilSandbox(on, 'lost-s0-a1', isOver);
    expect(lost.status).toMatchObject({ phase: 'Failed', reason: 'ContainerLost' });
    const again = await look(task, [sandbox], { node: 's0', attempt: 2 });
    expectAll(again);
    const files = async () => (await kept()).filter((name) => name.endsWith('.tar'));
    const own = `${task.metadata.uid}/${again.metadata.uid}.tar`;
    await expect.poll(files, { message: 'only the last attempt counts' }).toEqual([own]);
    await clear(task);
  });

  it('is saved when somebody else has ended the Sandbox while its agent works', async () => {
    await using _ = await startManager(on, config);
    const { task, sandbox } = await runSandbox(on, { name: 'taken', prompt: 'work and wait', spec: spec() });
    await untilEvent(on, 'taken', (event) => event.type === 'tool_result');
    await on.connection.client.patch(SANDBOXES, ref('taken-s0-a1'), {
      type: 'merge',
      subresource: 'status',
      body: { status: { phase: 'Failed', reason: 'ExecutorLost' } },
    });
    expectAll(await look(task, [sandbox], { node: 's0', attempt: 2 }));
    await clear(task);
  });

  it('is saved by the next manager when one stops between the end of a run and that', async () => {
    const { client } = on.connection;
    const blind = {
      ...client,
      find: (async (type: never, where: never) => {
        if (type === (TASKS as never))
          throw unavailable('asks whether the Task is there, and learns nothing');
        return client.find(type, where);
      }) as typeof client.find,
    };
    const first = await startManager(on, config, { client: blind });
    const { task, sandbox } = await runSandbox(on, { name: 'late', prompt: 'do the work', spec: spec() });
    await untilSandbox(on, 'late-s0-a1', isOver);
    await first.stop();
    expect(await kept()).toEqual([]);
    await createSandbox(on, task, {
      name: 'late-next',
      prompt: 'look',
      spec: spec([sandbox], { node: 's1', step: 1 }),
    });
    await using _ = await startManager(on, config);
    expectAll(await untilSandbox(on, 'late-next-s0-a1', isOver));
    await clear(task);
  });

  it('is made up for by a fresh clone where it is not, and the log says so', async () => {
    await using _ = await startManager(on, config);
    const { task, sandbox } = await runSandbox(on, { name: 'away', prompt: 'do the work', spec: spec() });
    await untilSandbox(on, 'away-s0-a1', isOver);
    const elsewhere = { ...sandbox, metadata: { ...sandbox.metadata, uid: 'on-another-executor' } };
    expect((await look(task, [elsewhere])).status?.result?.value).toMatch(/^## troupe\/work/);
    const said = (await eventLog(on, 'away')).filter(({ type }) => type === 'status');
    expect(said.map(({ data }) => data['message'])).toContain(
      'The work of the runs before is not on this Executor; this run begins with a fresh clone.',
    );
    await clear(task);
  });

  it('that cannot be saved is told in its Sandbox, and no later run begins without it', async () => {
    await using _ = await startManager(on, config);
    const { task, sandbox } = await runSandbox(on, { name: 'full', prompt: 'do the work', spec: spec() });
    const folder = path.join(config.dataDir, 'executors', EXECUTOR, 'work', task.metadata.uid ?? '');
    // Nothing can be written where a folder is.
    await mkdir(path.join(folder, `${sandbox.metadata.uid}.tar.unfinished`), { recursive: true });
    const first = await untilSandbox(on, 'full-s0-a1', (it) => isOver(it) && saveOf(it) !== undefined);
    expect(first.status?.phase).toBe('Succeeded');
    expect(saveOf(first)).toMatchObject({ status: 'False', reason: 'SaveFailed' });
    const next = await look(task, [sandbox]);
    expect(next.status).toMatchObject({ phase: 'Failed', reason: 'WorkLost' });
    const message = next.status?.message ?? '';
    expect(message).toMatch(
      /files of the Sandbox full-s0-a1\. .* could not be saved: the executor cannot write them \(\w+\)/,
    );
    expect((await eventLog(on, 'full')).at(-1)?.data).toMatchObject({ reason: 'WorkLost', message });
    await rm(folder, { recursive: true });
    await clear(task);
  });

  it('is not seen by a node beside it where there is no repository', async () => {
    await using _ = await startManager(on, config);
    const loose = (node: string, from: Sandbox[] = []) => {
      const { workspace: _repository, ...rest } = spec(from, { node });
      return { name: node, prompt: 'leave a file', spec: rest };
    };
    const { task, sandbox } = await runSandbox(on, loose('left'));
    await untilSandbox(on, 'left-s0-a1', isOver);
    await createSandbox(on, task, loose('after', [sandbox]));
    expect((await untilSandbox(on, 'after-s0-a1', isOver)).status?.result?.value).toBe('mine');
    await createSandbox(on, task, loose('right'));
    const right = await untilSandbox(on, 'right-s0-a1', isOver);
    expect(right.status).toMatchObject({ phase: 'Succeeded' });
    expect(right.status?.result?.value).not.toContain('mine');
    await clear(task);
  });

  it('goes through a node that only talks, where that has a repository', async () => {
    await using _ = await startManager(on, config);
    const { task, sandbox } = await runSandbox(on, { name: 'past', prompt: 'do the work', spec: spec() });
    await untilSandbox(on, 'past-s0-a1', isOver);
    const talk = { node: 'talk', step: 1, shell: { type: 'Chat' } } as const;
    const between = await createSandbox(on, task, {
      ...{ name: 'talk', prompt: 'do nothing' },
      spec: spec([sandbox], talk),
    });
    await untilSandbox(on, 'talk-s0-a1', isOver);
    expectAll(await look(task, [between]));
    await clear(task);
  });

  it('may be nothing, and nobody misses it then', async () => {
    await using _ = await startManager(on, config);
    const { workspace: _repository, ...loose } = spec();
    const { task, sandbox } = await runSandbox(on, { name: 'idle', prompt: 'do nothing', spec: loose });
    await untilSandbox(on, 'idle-s0-a1', isOver);
    expect((await look(task, [sandbox])).status).toMatchObject({ phase: 'Succeeded' });
    const said = (await eventLog(on, 'idle')).map(({ data }) => data['message']);
    expect(said).not.toContainEqual(expect.stringContaining('the runs before'));
    await clear(task);
  });

  it('is gone on with though it has no repository any more', async () => {
    await using _ = await startManager(on, config);
    const { task, sandbox } = await runSandbox(on, {
      name: 'bare',
      prompt: 'remove the repository',
      spec: spec(),
    });
    await untilSandbox(on, 'bare-s0-a1', isOver);
    const next = await look(task, [sandbox]);
    expect(next.status?.result?.value).toMatch(/^## troupe\/work\n\?\? loose\nFirst\nkept/);
    await clear(task);
  });
});

/** Runtimes that were started before anybody knew of a run, in the order in which they are handed out. */
class ReadyRuntimes implements RuntimeSource {
  readonly #driver: RuntimeDriver;
  readonly #tokenFor: (runtimeID: string) => RuntimeToken;
  readonly #waiting: Runtime[] = [];
  /** They are there before the driver says so, and nobody may take them for left over. */
  readonly #starting = new Set<string>();

  constructor(driver: RuntimeDriver, tokenFor: (runtimeID: string) => RuntimeToken) {
    this.#driver = driver;
    this.#tokenFor = tokenFor;
  }

  async add(): Promise<string> {
    const id = newRuntimeID();
    const limits = { memory: 2 ** 31, cpus: 2, pids: 512, disk: 2 ** 30 };
    const spec = { id, tokenHash: this.#tokenFor(id).hash, limits };
    this.#starting.add(id);
    this.#waiting.push(await this.#driver.start(spec, new AbortController().signal));
    this.#starting.delete(id);
    return id;
  }

  reserve(): Reservation {
    const runtime = this.#waiting.shift();
    if (runtime === undefined) throw unavailable('no runtime is ready');
    return {
      runtimeID: runtime.id,
      start: () => Promise.resolve(runtime),
      release: () => void this.#waiting.unshift(runtime),
    };
  }

  isWaiting(runtimeID: string): boolean {
    return this.#starting.has(runtimeID) || this.#waiting.some(({ id }) => id === runtimeID);
  }
}
