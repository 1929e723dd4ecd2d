import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import type { TaskEvent } from '#api/types/tasks/task-event';
import type { Session } from './session.ts';

interface CliSandbox extends KubeObject {
  spec?: { taskRef?: { name: string } };
  status?: { log?: string };
}

const SANDBOXES: ResourceType<CliSandbox> = {
  ...{ group: TROUPE_GROUP, version: 'v1alpha1', kind: 'Sandbox' },
  ...{ plural: 'sandboxes', namespaced: true },
};

/** The last events that each run of a Task shows in its Sandbox, the oldest run first: all there is without an event log. */
export async function readSandboxLogs(
  session: Session,
  { namespace, name }: ObjectRef,
): Promise<TaskEvent[]> {
  const list = { ...(namespace === undefined ? {} : { namespace }) };
  const { items } = await session.connection.client.list(SANDBOXES, list);
  return items
    .filter(({ spec }) => spec?.taskRef?.name === name)
    .toSorted((a, b) => born(a).localeCompare(born(b)))
    .flatMap(({ status }) => parseLines(status?.log ?? ''));
}

const born = ({ metadata }: { metadata: { creationTimestamp?: string } }): string =>
  metadata.creationTimestamp ?? '';

function parseLines(text: string): TaskEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TaskEvent);
}
