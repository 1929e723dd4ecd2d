import type { Command } from 'commander';
import { createDeletedTaskClient } from '#api/client/deleted-tasks';
import type { DeletedTaskClient } from '#api/client/deleted-tasks';
import { formatAge } from '#api/machinery/duration';
import { createTaskEventText } from '#api/types/tasks/task-event-text';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { toYaml, withoutManagedFields } from '../../object-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';

interface DeletedTasksFlags extends ConnectionFlags {
  log?: boolean;
}

/** `troupe deleted-tasks`: Tasks that were deleted, while the server keeps them. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('deleted-tasks')
    .description('list deleted Tasks, or show the last state or the log of one')
    .argument('[uid]', 'the UID that the list shows')
    .option('--log', 'what the Task did, instead of its last state');
  addConnectionFlags(command).action((uid: string | undefined, flags: DeletedTasksFlags) =>
    withSession(context, flags, (session) => deletedTasks(session, uid, flags)),
  );
}

async function deletedTasks(
  session: Session,
  uid: string | undefined,
  flags: DeletedTasksFlags,
): Promise<void> {
  const client = createDeletedTaskClient({ transport: session.connection.transport });
  if (uid === undefined) {
    if (flags.log === true) throw new CliError('--log needs the UID of a deleted Task');
    await list(session, client, flags.namespace);
  } else if (flags.log === true) await log(session, client, uid);
  else session.context.data.write(toYaml(withoutManagedFields(await client.get(uid))));
}

/** Of all namespaces unless one is asked for: what is gone is mostly looked for. */
async function list(
  session: Session,
  client: DeletedTaskClient,
  namespace: string | undefined,
): Promise<void> {
  const rows = [['NAMESPACE', 'NAME', 'UID', 'DELETED']];
  const now = session.context.clock.now();
  for await (const items of client.list(namespace === undefined ? {} : { namespace })) {
    for (const item of items) {
      rows.push([item.namespace, item.name, item.uid, formatAge(now - Date.parse(item.deletedAt))]);
    }
  }
  if (rows.length === 1) session.context.stderr.write('No deleted tasks are kept\n');
  else session.context.stdout.write(alignLines(rows));
}

async function log({ context: { stdout } }: Session, client: DeletedTaskClient, uid: string): Promise<void> {
  const text = createTaskEventText({ timestamps: false });
  for await (const event of client.log(uid)) stdout.write(text.add(event));
  stdout.write(text.end());
}
