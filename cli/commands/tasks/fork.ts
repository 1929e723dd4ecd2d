import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { followLog } from '../../follow-log.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { taskName, TASKS } from '../../task.ts';
import type { CliTask } from '../../task.ts';

interface ForkFlags extends ConnectionFlags {
  step?: string;
  name?: string;
  message?: string;
  follow?: boolean;
}

/** `troupe fork`: a new Task that goes on from a step of another one. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('fork')
    .description('make a Task that goes on from a step of another one, with its conversation and files')
    .argument('<task>', 'NAME or task/NAME')
    .option(
      '--step <node>',
      'id of the step, as in status.subTasks; default: the last one that came to a good end; with -m, the last one that has ended',
    )
    .option('--name <name>', 'name of the new Task; default: the name of the other one and five characters')
    .option('-m, --message <text>', 'words for the agent of the step, in place of the steps behind it')
    .option('-f, --follow', 'show what happens until the new Task is finished');
  addConnectionFlags(command).action((task: string, flags: ForkFlags) =>
    withSession(context, flags, (session) => fork(session, taskName(task), flags)),
  );
}

/** The conversation, the decisions and the wishes of people about the one Task, and what the server notes of it. */
const OF_ONE_TASK: ReadonlySet<string> = new Set([
  ...[
    'answers',
    'cancel',
    'currentStage',
    'events',
    'forkFrom',
    'messages',
    'retries',
    'revision',
    'suspend',
  ],
  'user',
]);

function asked<S extends object>(spec: S): S {
  // All that is left out may be absent.
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !OF_ONE_TASK.has(field))) as S;
}

const NOTHING_LEFT =
  'nothing is left to do behind this step of a Task that is completed; give words (-m) or an earlier step (--step)\n';

/** Whether a fork has nothing to do: no words, and no step behind the one that the server has noted. */
export function isAtItsEnd({ status }: CliTask, { spec }: CliTask): boolean {
  const last = status?.subTasks?.at(-1)?.node;
  const { forkFrom } = spec ?? {};
  return (
    status?.status === 'COMPLETED' &&
    last !== undefined &&
    forkFrom?.step === last &&
    forkFrom.text === undefined
  );
}

async function fork(session: Session, from: string, flags: ForkFlags): Promise<void> {
  const { client } = session.connection;
  const { namespace } = session;
  const { step, message: text, name, follow } = flags;
  const parent = await client.get(TASKS, { namespace, name: from });
  const { spec } = parent;
  if (spec === undefined) throw new CliError(`task ${from} has no spec`);
  const forkFrom = {
    task: from,
    ...(step === undefined ? {} : { step }),
    ...(text === undefined ? {} : { text }),
  };
  const created = await client.create(TASKS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: {
      namespace,
      name: name ?? '',
      ...(name === undefined ? { generateName: `${from.toLowerCase()}-` } : {}),
    },
    spec: { ...asked(spec), forkFrom },
  });
  session.print(`task.agent.wecode.io/${created.metadata.name} created`);
  if (isAtItsEnd(parent, created)) session.context.stderr.write(NOTHING_LEFT);
  if (follow === true) await followLog(session, { namespace, name: created.metadata.name }, 0);
}
