import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { taskName } from '../../task.ts';

interface WebhookFlags extends ConnectionFlags {
  expires?: number;
}

/** `troupe webhook`: shows the address of a step that waits for a call from outside. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('webhook')
    .description('show the address of a step that waits for a call; whoever knows it can end the step, once')
    .argument('<task>', 'NAME or task/NAME')
    .argument('<node>', 'id of the node of the step, as in status.subTasks')
    .option('--expires <duration>', 'how long it is good, such as 24h (a week)', parseDuration);
  addConnectionFlags(command).action((task: string, node: string, flags: WebhookFlags) =>
    withSession(context, flags, (session) => show(session, { task, node, flags })),
  );
}

interface Wanted {
  task: string;
  node: string;
  flags: WebhookFlags;
}

async function show(session: Session, { task, node, flags }: Wanted): Promise<void> {
  const { expires } = flags;
  const ref = { namespace: session.namespace, name: taskName(task) };
  const { taskLog, server } = session.connection;
  const { path } = await taskLog.address(ref, {
    node,
    ...(expires === undefined ? {} : { expirationSeconds: Math.floor(expires / 1000) }),
  });
  session.print(new URL(path, server).href);
}
