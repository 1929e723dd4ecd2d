import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { taskName } from '../../task.ts';

interface SignalFlags extends ConnectionFlags {
  data?: string;
  id?: string;
}

/** `troupe signal`: sends an event to the step of a Task that waits for it, or will do so. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('signal')
    .description('send an event to the step of a Task that waits for it')
    .argument('<task>', 'NAME or task/NAME')
    .argument('<event>', 'name of the event')
    .option('--data <json>', 'the output of the step; what is not JSON is a text')
    .option('--id <id>', 'a second event with the same id is not sent');
  addConnectionFlags(command).action((task: string, event: string, flags: SignalFlags) =>
    withSession(context, flags, (session) => send(session, { task, event, flags })),
  );
}

interface Signal {
  task: string;
  event: string;
  flags: SignalFlags;
}

async function send(session: Session, { task, event, flags }: Signal): Promise<void> {
  const { data, id } = flags;
  const ref = { namespace: session.namespace, name: taskName(task) };
  await session.connection.taskLog.send(ref, {
    name: event,
    ...(data === undefined ? {} : { data: readData(data) }),
    ...(id === undefined ? {} : { id }),
  });
  session.print(`task.agent.wecode.io/${ref.name} signalled`);
}

/** @throws CliError for a text that was meant to be JSON */
function readData(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (/^\s*[[{"]/.test(text)) throw new CliError(`--data is no JSON: ${(error as Error).message}`);
    return text;
  }
}
