import type { Command } from 'commander';
import type { ObjectRef } from '#api/machinery/resource-type';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { TASKS } from '../../task.ts';
import type { CliQuestion } from '../../task.ts';

interface AnswerFlags extends ConnectionFlags {
  allow?: boolean;
  deny?: boolean;
  message?: string;
}

/** `troupe answer`: shows what the agents of a Task ask, and answers it. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('answer')
    .description('answer what an agent asks; without an answer, show what is asked')
    .argument('<task>', 'NAME of the Task')
    .argument('[question]', 'id of the question; not needed where one is open')
    .option('--allow', 'the agent may use the tool')
    .option('--deny', 'the agent may not use the tool')
    .option('-m, --message <text>', 'the answer to a question, or why the tool is denied');
  addConnectionFlags(command).action((task: string, question: string | undefined, flags: AnswerFlags) =>
    withSession(context, flags, (session) => answer(session, { task, question, flags })),
  );
}

interface AnswerCommand {
  task: string;
  question: string | undefined;
  flags: AnswerFlags;
}

async function answer(session: Session, { task, question, flags }: AnswerCommand): Promise<void> {
  const { allow, deny, message } = flags;
  if (allow === true && deny === true) throw new CliError('give --allow or --deny, not both');
  const ref = { namespace: session.namespace, name: task.replace(/^tasks?\//, '') };
  if (allow === undefined && deny === undefined && message === undefined) return show(session, ref);
  const id = question ?? (await onlyQuestion(session, ref));
  const decision = allow === true ? 'allow' : deny === true ? 'deny' : undefined;
  await session.connection.taskLog.answer(ref, {
    id,
    ...(decision === undefined ? {} : { decision }),
    ...(message === undefined ? {} : { message }),
  });
  session.print(`task.agent.wecode.io/${ref.name} answered`);
}

async function questionsOf(session: Session, ref: ObjectRef): Promise<CliQuestion[]> {
  return (await session.connection.client.get(TASKS, ref)).status?.questions ?? [];
}

async function show(session: Session, ref: ObjectRef): Promise<void> {
  const questions = await questionsOf(session, ref);
  if (questions.length === 0) session.print(`Task ${ref.name} asks nothing.`);
  for (const { id, message, tool, input, options } of questions) {
    session.print(`${id}: ${message}`);
    if (tool !== undefined) session.print(`  ${tool} ${JSON.stringify(input ?? {})}`);
    if (options !== undefined) session.print(`  one of: ${options.join(', ')}`);
  }
}

async function onlyQuestion(session: Session, ref: ObjectRef): Promise<string> {
  const questions = await questionsOf(session, ref);
  const [first] = questions;
  if (first === undefined) throw new CliError(`Task ${ref.name} asks nothing`);
  if (questions.length === 1) return first.id;
  const ids = questions.map(({ id }) => id).join(', ');
  throw new CliError(`Task ${ref.name} asks ${questions.length} questions: name one of ${ids}`);
}
