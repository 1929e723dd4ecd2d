import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { followLog, lastNumber } from '../../follow-log.ts';
import { taskName } from '../../task.ts';

interface RetryFlags extends ConnectionFlags {
  step?: string;
  id?: string;
  follow?: boolean;
}

/** `troupe retry`: lets a step of a Task that has ended run again. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('retry')
    .description('run a step of a Task again, with all that needed it; without a step, all that failed')
    .argument('<task>', 'NAME or task/NAME')
    .option('--step <node>', 'id of the node, as in status.subTasks')
    .option('--id <id>', 'a second request with the same id changes nothing')
    .option('-f, --follow', 'show what happens until the Task is finished');
  addConnectionFlags(command).action((task: string, flags: RetryFlags) =>
    withSession(context, flags, (session) => retry(session, task, flags)),
  );
}

async function retry(session: Session, task: string, { step, id, follow }: RetryFlags): Promise<void> {
  const ref = { namespace: session.namespace, name: taskName(task) };
  const after = follow === true ? await lastNumber(session, ref) : 0;
  await session.connection.taskLog.retry(ref, {
    ...(step === undefined ? {} : { node: step }),
    ...(id === undefined ? {} : { id }),
  });
  if (follow === true) await followLog(session, ref, after);
  else session.print(`task.agent.wecode.io/${ref.name} retried`);
}
