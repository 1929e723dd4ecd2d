import type { Command } from 'commander';
import { formatAge } from '#api/machinery/duration';
import type { Condition } from '#api/machinery/condition';
import type { Unstructured } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import type { ApiResource } from '../../api-resource.ts';
import type { CliContext } from '../../context.ts';
import { listObjects, refTo } from '../../object-set.ts';
import type { Selection } from '../../object-set.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';
import { describeFields, fieldLines } from '../../describe-text.ts';
import { parseTargets } from '../../targets.ts';

interface DescribeFlags extends ConnectionFlags, Selection {
  showEvents: boolean;
}

/** `troupe describe`: one object in full, its conditions, and what happened to it lately. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('describe')
    .description('show objects in detail, with their events')
    .argument('<type>', 'tasks, task/NAME ...')
    .argument('[name...]')
    .option('-l, --selector <labels>', 'only those with these labels')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--no-show-events', 'leave out the events');
  addConnectionFlags(command).action((type: string, names: string[], flags: DescribeFlags) =>
    withSession(context, flags, (session) => describe(session, [type, ...names], flags)),
  );
}

async function describe(session: Session, words: string[], flags: DescribeFlags): Promise<void> {
  let first = true;
  for (const { resource, names } of await parseTargets(session, words)) {
    const objects =
      names.length > 0 ? await named(session, resource, names) : await all(session, resource, flags);
    for (const object of objects) {
      session.context.stdout.write(
        `${first ? '' : '\n\n'}${await describeOne(session, resource, { object, flags })}`,
      );
      first = false;
    }
  }
}

async function named(session: Session, resource: ApiResource, names: string[]): Promise<Unstructured[]> {
  const objects: Unstructured[] = [];
  for (const name of names) {
    try {
      objects.push(await session.connection.client.get(resource, refTo(session, resource, name)));
    } catch (error) {
      session.fail(error);
    }
  }
  return objects;
}

async function all(session: Session, resource: ApiResource, flags: DescribeFlags): Promise<Unstructured[]> {
  return (await listObjects(session, resource, flags)).items;
}

async function describeOne(
  session: Session,
  resource: ApiResource,
  options: { object: Unstructured; flags: DescribeFlags },
): Promise<string> {
  const { object } = options;
  const now = session.context.clock.now();
  const status = (object['status'] ?? {}) as { conditions?: Condition[] };
  const parts = [describeFields(object)];
  if (status.conditions !== undefined) parts.push(conditionsText(status.conditions, now));
  if (options.flags.showEvents && resource.kind !== 'Event') {
    parts.push(await eventsText(session, object, now));
  }
  return parts.join('');
}

function age(time: string | undefined, now: number): string {
  return time === undefined ? '<unknown>' : formatAge(now - Date.parse(time));
}

function conditionsText(conditions: readonly Condition[], now: number): string {
  if (conditions.length === 0) return fieldLines([['Conditions', '<none>']]);
  const rows = conditions.map((condition) => [
    `  ${condition.type}`,
    condition.status,
    age(condition.lastTransitionTime, now),
    condition.reason,
    condition.message,
  ]);
  return `Conditions:\n${alignLines([['  Type', 'Status', 'Age', 'Reason', 'Message'], ...rows])}`;
}

interface CoreEvent extends Unstructured {
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string;
  lastTimestamp?: string;
  source?: { component?: string };
}

const EVENTS: ResourceType<CoreEvent> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

async function eventsText(session: Session, object: Unstructured, now: number): Promise<string> {
  const { name, namespace, uid } = object.metadata;
  const about = { name, namespace, kind: object.kind, uid };
  const fieldSelector = Object.entries(about)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `involvedObject.${field}=${value}`)
    .join(',');
  try {
    const { items } = await session.connection.client.list(EVENTS, {
      namespace: namespace ?? 'default',
      fieldSelector,
      limit: 500,
    });
    if (items.length === 0) return fieldLines([['Events', '<none>']]);
    const rows = items
      .sort(byTime)
      .map((event) => [
        `  ${event.type ?? ''}`,
        event.reason ?? '',
        eventAge(event, now),
        event.source?.component ?? '',
        (event.message ?? '').trim(),
      ]);
    return `Events:\n${alignLines([['  Type', 'Reason', 'Age', 'From', 'Message'], ...rows])}`;
  } catch (error) {
    // A server without Events is no reason to show nothing at all; kubectl leaves them out too.
    if (isStatusError(error, 'NotFound') || isStatusError(error, 'Forbidden')) return '';
    throw error;
  }
}

function byTime(a: CoreEvent, b: CoreEvent): number {
  return (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? '');
}

function eventAge(event: CoreEvent, now: number): string {
  const last = age(event.lastTimestamp, now);
  return (event.count ?? 1) > 1 ? `${last} (x${event.count} over ${age(event.firstTimestamp, now)})` : last;
}
