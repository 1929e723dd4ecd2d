import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { isFinal, TASKS } from '../../task.ts';

/** `troupe cancel`: asks a Task to stop. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('cancel').description('stop a Task').argument('<task>', 'NAME of the Task');
  addConnectionFlags(command).action((task: string, flags: ConnectionFlags) =>
    withSession(context, flags, (session) => cancel(session, task)),
  );
}

/** @throws CliError for a Task that has finished: nothing is left to stop */
async function cancel({ connection, namespace, print }: Session, task: string): Promise<void> {
  const { client } = connection;
  const ref = { namespace, name: task.replace(/^tasks?\//, '') };
  const current = await client.get(TASKS, ref);
  if (isFinal(current)) throw new CliError(`task ${ref.name} has finished: ${current.status?.status}`);
  await client.patch(TASKS, ref, { type: 'merge', body: { spec: { cancel: true } } });
  print(`task.agent.wecode.io/${ref.name} is being cancelled`);
}
