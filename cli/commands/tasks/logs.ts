import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { findServingForm } from '#api/client/serving-form';
import { isStatusError } from '#api/machinery/status-error';
import { createTaskEventText } from '#api/types/tasks/task-event-text';
import type { TaskEvent } from '#api/types/tasks/task-event';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { taskName, TASKS } from '../../task.ts';
import { readSandboxLogs } from '../../sandbox-logs.ts';
import { readTaskLog } from '../../task-log-reader.ts';
import type { TaskLogFollowOptions } from '../../task-log-reader.ts';

interface LogsFlags extends ConnectionFlags {
  follow?: boolean;
  after: number;
  only?: Set<string>;
  output: string;
  timestamps?: boolean;
}

/** `troupe logs`: what happened in a Task, from its durable log. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('logs')
    .description('show what a Task did')
    .argument('<task>', 'NAME or task/NAME')
    .option('-f, --follow', 'go on until the Task is finished')
    .option('--after <number>', 'only events after this number', parseNumber, 0)
    .option('--only <types>', 'only these types of events: text,tool_call,error ...', parseTypes)
    .option('-o, --output <format>', 'text, or jsonl for one event per line', 'text')
    .option('--timestamps', 'begin each line with its time');
  addConnectionFlags(command).action((task: string, flags: LogsFlags) =>
    withSession(context, flags, (session) => logs(session, task, flags)),
  );
}

function parseNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a number such as 42');
  return Number(text);
}

const TYPES: Record<TaskEvent['type'], true> = {
  status: true,
  text: true,
  thinking: true,
  tool_call: true,
  tool_result: true,
  usage: true,
  log: true,
  diff: true,
  error: true,
  request: true,
  answer: true,
  message: true,
  message_applied: true,
  result: true,
};

function parseTypes(text: string): Set<string> {
  const types = text.split(',').map((type) => type.trim());
  const wrong = types.find((type) => !Object.hasOwn(TYPES, type));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(
      `no event has the type ${JSON.stringify(wrong)}; types are ${Object.keys(TYPES).join(', ')}`,
    );
  }
  return new Set(types);
}

async function logs(session: Session, task: string, flags: LogsFlags): Promise<void> {
  if (flags.output !== 'text' && flags.output !== 'jsonl') {
    throw new CliError(`--output is text or jsonl, not ${JSON.stringify(flags.output)}`);
  }
  const ref = { namespace: session.namespace, name: taskName(task) };
  // A server that is not there, or a Task that does not exist, is told at once, not waited for.
  await session.connection.client.get(TASKS, ref);
  const { stdout, data } = session.context;
  const text = createTaskEventText({
    timestamps: flags.timestamps === true,
    thinking: flags.only?.has('thinking') === true,
    diff: flags.only?.has('diff') === true,
  });
  const events = eventsOf(session, { ref, after: flags.after, follow: flags.follow === true });
  for await (const event of events) {
    if (flags.only !== undefined && !flags.only.has(event.type)) continue;
    if (flags.output === 'jsonl') data.write(`${JSON.stringify(event)}\n`);
    else stdout.write(text.add(event));
  }
  if (flags.output === 'text') stdout.write(text.end());
}

const SHORT_LOG =
  'this cluster has Tasks from crds/ alone, without event logs: these are the last events that each run shows in its Sandbox, unmasked\n';

/** From the event log of the Task; where the server has none, from its Sandboxes. */
async function* eventsOf(session: Session, options: TaskLogFollowOptions): AsyncGenerator<TaskEvent> {
  try {
    yield* readTaskLog(session, options);
  } catch (error) {
    if (!isStatusError(error, 'NotFound')) throw error;
    if ((await findServingForm(session.connection.transport)).hasTaskLog) throw error;
    session.context.stderr.write(SHORT_LOG);
    yield* await readSandboxLogs(session, options.ref);
  }
}
