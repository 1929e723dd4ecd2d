import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { NewTaskMessage } from '#api/client/task-log';
import type { CliContext } from '../../context.ts';
import { followLog, lastNumber } from '../../follow-log.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { taskName } from '../../task.ts';

type Policy = NonNullable<NewTaskMessage['policy']>;

interface MessageFlags extends ConnectionFlags {
  policy: Policy;
  node?: string;
  member?: string;
  id?: string;
  follow?: boolean;
}

const POLICIES: readonly Policy[] = ['Queue', 'Interrupt', 'Reject'];

/** @throws InvalidArgumentError for an unknown word; upper and lower case are the same */
function policyNamed(word: string): Policy {
  const policy = POLICIES.find((one) => one.toLowerCase() === word.toLowerCase());
  if (policy !== undefined) return policy;
  const names = POLICIES.map((one) => one.toLowerCase());
  throw new InvalidArgumentError(`It is one of ${names.join(', ')}.`);
}

/** `troupe message`: says something to the agents of a Task, whether it runs or has finished. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('message')
    .alias('send')
    .description('say something to the agents of a Task, whether it runs or has finished')
    .argument('<task>', 'NAME or task/NAME')
    .argument('<text>', 'the words')
    .addOption(
      new Option(
        '--policy <policy>',
        'queue: after the present turn; interrupt: at once; reject: only while nothing runs',
      )
        .argParser(policyNamed)
        .default('Queue' satisfies Policy, 'queue'),
    )
    .option('--node <id>', 'the agent of this node is meant')
    .option('--member <name>', 'this member of the Team is meant')
    .option('--id <id>', 'a second message with the same id is not posted')
    .option('-f, --follow', 'show what happens until the Task is finished');
  addConnectionFlags(command).action((task: string, text: string, flags: MessageFlags) =>
    withSession(context, flags, (session) => post(session, { task, text, flags })),
  );
}

interface Post {
  task: string;
  text: string;
  flags: MessageFlags;
}

async function post(session: Session, { task, text, flags }: Post): Promise<void> {
  const { node, member, id, policy } = flags;
  const ref = { namespace: session.namespace, name: taskName(task) };
  const { taskLog } = session.connection;
  const after = flags.follow === true ? await lastNumber(session, ref) : 0;
  await taskLog.post(ref, {
    text,
    policy,
    ...(node === undefined ? {} : { node }),
    ...(member === undefined ? {} : { member }),
    ...(id === undefined ? {} : { id }),
  });
  if (flags.follow === true) await followLog(session, ref, after);
  else session.print(`task.agent.wecode.io/${ref.name} messaged`);
}
