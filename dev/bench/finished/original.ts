import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Unstructured } from '#api/machinery/meta';
import { instantExecutor, SANDBOXES, TASKS } from '../scheduling/instant-executor.ts';
import { applyTeam, createTask } from '../scheduling/teams.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { FilledDatabase, Filling } from '../storage/filled-database.ts';

/** Nothing else in the objects is called so. */
const NAME = 'original-of-all';

export interface FinishedOriginal {
  /** The Task and its Sandbox again, with another name and other uids. */
  copy: (index: number) => Filling[];
}

/** Runs a Task with a whole server, which is stopped then, so that the copies are as long as real ones. */
export async function finishedOriginal({ url, dataFolder }: FilledDatabase): Promise<FinishedOriginal> {
  const command = ['server', '--driver', 'process'];
  await using api = await apiUnderTest({ databaseUrl: url, dataFolder, command });
  await using _executor = await instantExecutor(api, 10);
  await applyTeam(api, 'solo', 1);
  await createTask(api, NAME, 'solo');
  const read = async (path: string): Promise<Unstructured> =>
    JSON.parse(await api.call('GET', path)) as Unstructured;
  let task = await read(`${TASKS}/${NAME}`);
  while (!isComplete(task)) {
    await delay(50);
    task = await read(`${TASKS}/${NAME}`);
  }
  const { items } = JSON.parse(await api.call('GET', SANDBOXES)) as { items: Unstructured[] };
  const objects = [
    { resource: 'tasks.agent.wecode.io', object: stored(task) },
    ...items.map((object) => ({
      resource: 'sandboxes.agent.wecode.io',
      object: { ...stored(object), apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Sandbox' },
    })),
  ];
  const uids = objects.map(({ object }) => object.metadata.uid ?? '');
  const text = JSON.stringify(objects);
  return {
    copy(index) {
      const named = text.replaceAll(NAME, `finished-${index}`);
      return JSON.parse(uids.reduce((all, uid) => all.replaceAll(uid, randomUUID()), named)) as Filling[];
    },
  };
}

function isComplete({ status }: Unstructured): boolean {
  return (status as { status?: string } | undefined)?.status === 'COMPLETED';
}

/** The store gives each a revision of its own. */
function stored(object: Unstructured): Unstructured {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
