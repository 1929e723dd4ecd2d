import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rootKeyFile } from '#api/data-folder/root-key-file';
import { withFaults } from '#api/client/with-faults';
import type { ClientCall } from '#api/client/with-faults';
import { formatTime, systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import { isStatusError } from '#api/machinery/status-error';
import { openStore } from '#api/storage/open-store';
import type { TaskRevision, TaskRevisionSpec } from '#api/types/generated/task-revision';
import { TASK_REVISIONS, TASKS } from '#api/types/resources';
import { taskRevisionName } from '#api/types/tasks/task-revision';
import { ensureRevision } from '#controllers/task/revision/ensure-revision';
import { KEEP_UNUSED_MS } from '#controllers/task-revision/plan';
import { taskRevisionReconciler } from '#controllers/task-revision/reconciler';
import { until } from './until.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const LONG_AGO = formatTime(systemClock.now() - 2 * KEEP_UNUSED_MS);

const specOf = (team: string): TaskRevisionSpec => ({
  teamRef: { name: team, namespace: 'default' },
  mode: 'solo',
  nodes: [{ id: 's0', name: 'worker', agent: { botName: 'b', systemPrompt: 'x'.repeat(8000) } }],
});

function revisionObject(namespace: string, spec: TaskRevisionSpec): TaskRevision {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'TaskRevision',
    metadata: { name: taskRevisionName(spec), namespace },
    spec,
  };
}

describe('a TaskRevision', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('has the name of its content', async () => {
    const revision = revisionObject('default', specOf('named'));
    const other = { ...revision, metadata: { name: 'other', namespace: 'default' } };
    await expect(world.client.create(TASK_REVISIONS, other)).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining(`must be "${revision.metadata.name}"`),
    });
    await world.client.create(TASK_REVISIONS, revision);
  });

  it('never changes', async () => {
    const made = await world.client.create(TASK_REVISIONS, revisionObject('default', specOf('fixed')));
    const changed = { ...made, spec: { ...made.spec, mode: 'pipeline' } };
    await expect(world.client.update(TASK_REVISIONS, changed)).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining('field is immutable'),
    });
  });

  /** The collector as it is with a cache that knows of no Task; its write comes in front of the Task's n-th call. */
  describe.each([
    ['deletes it', LONG_AGO],
    ['calls it unused', undefined],
  ])('that a Task wants at the moment when the collector %s', (_what, unusedSince) => {
    it.each([0, 1, 2, 3])('is there at the end, whatever came first (%i)', async (position) => {
      const revision = revisionObject('default', specOf(`race-${position}-${unusedSince === undefined}`));
      const made = await world.client.create(TASK_REVISIONS, revision);
      const seen: TaskRevision =
        unusedSince === undefined
          ? { ...made, metadata: { ...made.metadata, creationTimestamp: LONG_AGO } }
          : await world.client.updateStatus(TASK_REVISIONS, { ...made, status: { unusedSince } });
      const collect = taskRevisionReconciler({
        revisions: { get: () => seen },
        isNamed: () => false,
        clock: systemClock,
      });
      const context = { client: world.client, signal: new AbortController().signal, logger: silentLogger };
      let calls = 0;
      const collectAt = async (at: number): Promise<void> => {
        if (at === position) await ignoringConflict(collect('key', context));
      };
      const client = withFaults(world.client, { before: () => collectAt(calls++) });
      await untilAgreed(() => ensureRevision(client, revision));
      await collectAt(calls);
      const left = await world.client.get(TASK_REVISIONS, {
        namespace: 'default',
        name: revision.metadata.name,
      });
      // Deleting needs a mark that is an hour old.
      expect(left.status?.unusedSince).not.toBe(LONG_AGO);
      expect(left.metadata.deletionTimestamp).toBeUndefined();
    });
  });
});

async function ignoringConflict(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isStatusError(error, 'Conflict')) throw error;
  }
}

/** As the work queue does: a Conflict is tried again. */
async function untilAgreed(act: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 10; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!isStatusError(error, 'Conflict')) throw error;
    }
  }
  throw new Error('still a Conflict after 10 tries');
}

describe('100,000 Tasks of one revision', () => {
  const COUNT = 100_000;
  const AT_ONCE = 256;
  const named = revisionObject('default', specOf('crowd'));
  const unnamed = revisionObject('default', specOf('nobody'));
  let world: World;
  const calls: ClientCall[] = [];
  beforeAll(async () => {
    world = await startWorld({ prepare: fill });
    await world.startControllers({ faults: { before: (call) => void calls.push(call) } });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Both revisions are marked as unused long ago; through the API so many Tasks would take minutes. */
  async function fill(dataDir: string): Promise<void> {
    const rootKeys = rootKeyFile({ file: path.join(dataDir, 'encryption-keys'), mayMake: true });
    const store = await openStore({
      url: `sqlite:${path.join(dataDir, 'troupe.db')}`,
      encryption: { resources: new Set(), rootKeys },
      logger: silentLogger,
    });
    const put = (resource: string, object: KubeObject): Promise<unknown> => {
      const { name } = object.metadata;
      const metadata = { ...object.metadata, uid: randomUUID(), generation: 1, creationTimestamp: LONG_AGO };
      const key = { resource: `${resource}.agent.wecode.io`, namespace: 'default', name };
      return store.commit({ op: 'create', key, object: { ...object, metadata } });
    };
    try {
      for (const revision of [named, unnamed])
        await put('taskrevisions', { ...revision, status: { unusedSince: LONG_AGO } } as KubeObject);
      for (let first = 0; first < COUNT; first += AT_ONCE) {
        const size = Math.min(AT_ONCE, COUNT - first);
        await Promise.all(Array.from({ length: size }, (_, i) => put('tasks', endedTask(`t-${first + i}`))));
      }
    } finally {
      await store.close();
    }
  }

  function endedTask(name: string): KubeObject {
    return {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Task',
      metadata: { name, namespace: 'default' },
      spec: { prompt: 'p', teamRef: { name: 'crowd' } },
      status: { status: 'COMPLETED', progress: 100, revision: named.metadata.name },
    } as KubeObject;
  }

  it('keep it with one write, and one that no Task names is deleted', async () => {
    const place = (revision: TaskRevision) => ({
      type: TASK_REVISIONS,
      namespace: 'default',
      name: revision.metadata.name,
    });
    await until(world.client, place(unnamed), (found) => found === undefined);
    await until(world.client, place(named), (found) => found?.status?.unusedSince === undefined);
    const writes = calls.filter(
      ({ type, verb }) => type?.plural === 'taskrevisions' && verb !== 'list' && verb !== 'watch',
    );
    expect(writes.map(({ verb, ref, object }) => [verb, ref?.name ?? object?.metadata.name])).toEqual(
      expect.arrayContaining([
        ['updateStatus', named.metadata.name],
        ['delete', unnamed.metadata.name],
      ]),
    );
    expect(writes).toHaveLength(2);
  });

  it('list without its content', async () => {
    const page = await world.client.list(TASKS, { namespace: 'default', limit: 500 });
    const bytes = JSON.stringify(page.items).length / page.items.length;
    // The system prompt alone has 8,000.
    expect(bytes).toBeLessThan(1000);
  });
});
