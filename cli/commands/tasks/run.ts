import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { runReflector } from '#api/client/reflector';
import { findCondition } from '#api/machinery/condition';
import type { ObjectRef } from '#api/machinery/resource-type';
import type { JsonObject } from '#api/machinery/json/json';
import { isStatusError } from '#api/machinery/status-error';
import { createTaskEventText } from '#api/types/tasks/task-event-text';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { TASK_REVISIONS } from '../../revisions/team-history.ts';
import { TASKS, TEAMS, WORKSPACES } from '../../task.ts';
import type { CliTask } from '../../task.ts';
import { withParameterHint } from './parameter-hint.ts';
import { readTaskLog } from '../../task-log-reader.ts';

interface RunFlags extends ConnectionFlags {
  workspace?: string;
  revision?: string;
  parameter?: JsonObject;
  name?: string;
  timeout?: number;
  rm?: boolean;
  quiet?: boolean;
}

/** How long a command that ends waits for the answer to what it asked for last, in milliseconds. */
const LAST_WORD_MS = 2000;

/** What a shell gives a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** `troupe run`: asks a Team, shows it at work, and ends as the Task ends. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('run')
    .description('give a Team a Task and watch it')
    .argument('<team>')
    .argument('<prompt>')
    .option('-w, --workspace <name>', 'Workspace to work in')
    .option('--revision <name>', 'run with this TaskRevision in place of the Team as it is now')
    .option(
      '--parameter <name=value>',
      'a parameter of the Task, again for more; JSON, such as 3 or true, else a text',
      addParameter,
    )
    .option('--name <name>', 'name of the Task; default: the name of the Team and five characters')
    .option(
      '--timeout <duration>',
      'limit of each step, and of the wait for the first, such as 10m',
      parseDuration,
    )
    .option('--rm', 'delete the Task when it is finished')
    .option('-q, --quiet', 'print the result only');
  addConnectionFlags(command).action((team: string, prompt: string, flags: RunFlags) =>
    withSession(context, flags, (session) => run(session, newTask(session, { team, prompt, flags }), flags)),
  );
}

/** Adds `NAME=VALUE` to those before it. A text needs no quotes, and keeps those that it has. @throws InvalidArgumentError */
export function addParameter(text: string, before: JsonObject = {}): JsonObject {
  const [name = '', ...rest] = text.split('=');
  if (name === '' || rest.length === 0) throw new InvalidArgumentError('expected NAME=VALUE');
  return { ...before, [name]: parameterValue(rest.join('=')) };
}

function parameterValue(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'string' ? text : value;
  } catch {
    return text;
  }
}

function newTask(session: Session, wish: { team: string; prompt: string; flags: RunFlags }): CliTask {
  const { flags } = wish;
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: {
      namespace: session.namespace,
      name: flags.name ?? '',
      ...(flags.name === undefined ? { generateName: `${wish.team.toLowerCase()}-` } : {}),
    },
    spec: {
      prompt: wish.prompt,
      teamRef: { name: wish.team },
      ...(flags.workspace === undefined ? {} : { workspaceRef: { name: flags.workspace } }),
      ...(flags.revision === undefined ? {} : { revision: flags.revision }),
      ...(flags.parameter === undefined ? {} : { parameters: flags.parameter }),
      ...(flags.timeout === undefined ? {} : { timeoutSeconds: Math.ceil(flags.timeout / 1000) }),
    },
  };
}

/**
 * A Task may name what comes later, but somebody who waits for its end is more likely to have mistyped a name.
 * @throws StatusError NotFound for a Team, a Workspace or a TaskRevision that is not there
 */
async function checkNamed({ connection, namespace }: Session, { spec }: CliTask): Promise<void> {
  const named = [
    { type: TEAMS, name: spec?.teamRef.name },
    { type: WORKSPACES, name: spec?.workspaceRef?.name },
    { type: TASK_REVISIONS, name: spec?.revision },
  ];
  for (const { type, name } of named) {
    if (name === undefined) continue;
    try {
      await connection.client.get(type, { namespace, name });
    } catch (error) {
      // Whoever may use it need not be one who may read it.
      if (!isStatusError(error, 'Forbidden')) throw error;
    }
  }
}

async function run(session: Session, wish: CliTask, flags: RunFlags): Promise<number> {
  const { client } = session.connection;
  await checkNamed(session, wish);
  const created = await createTask(session, wish);
  const ref = { namespace: session.namespace, name: created.metadata.name };
  const note = (text: string): void =>
    void (flags.quiet !== true && session.context.stderr.write(`${text}\n`));
  note(`task.agent.wecode.io/${ref.name} created`);
  const left = new AbortController();
  const release = cancelOnInterrupt(session, ref, left);
  const beginning = watchBeginning(session, ref, { timeoutMs: flags.timeout, left });
  try {
    await follow(session, ref, { quiet: flags.quiet === true, signal: left.signal, note });
    await beginning.stop();
    if (beginning.failure !== undefined) throw beginning.failure;
    // A log that was left ends like one that is complete.
    if (left.signal.aborted) return INTERRUPTED;
    const task = await client.get(TASKS, ref);
    const code = report(session, task, flags.quiet === true);
    if (flags.rm === true) await client.delete(TASKS, ref, { propagationPolicy: 'Background' });
    return code;
  } catch (error) {
    if (beginning.failure !== undefined) throw beginning.failure;
    if (left.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    await beginning.stop();
    await release();
  }
}

/** @throws StatusError with the flags for parameters that are missing */
async function createTask({ connection: { client } }: Session, wish: CliTask) {
  try {
    return await client.create(TASKS, wish);
  } catch (error) {
    throw withParameterHint(error);
  }
}

interface Beginning {
  /** Why the Task is not waited for. */
  failure: CliError | undefined;
  stop(): Promise<void>;
}

/** A Task that has not begun within the time of a step is cancelled: its Team, or what that needs, may never come. */
function watchBeginning(
  session: Session,
  ref: ObjectRef,
  { timeoutMs, left }: { timeoutMs: number | undefined; left: AbortController },
): Beginning {
  const { client } = session.connection;
  const { clock } = session.context;
  let giving: Promise<void> | undefined;
  const beginning: Beginning = {
    failure: undefined,
    async stop() {
      cancel?.();
      await giving;
    },
  };
  const giveUp = async (): Promise<void> => {
    const task = await client.get(TASKS, ref);
    if ((task.status?.status ?? 'PENDING') !== 'PENDING') return;
    const reason = waitReason(task) ?? 'nobody has taken it up';
    beginning.failure = new CliError(
      `task ${ref.name} did not begin within ${(timeoutMs ?? 0) / 1000} s and is cancelled: ${reason}`,
    );
    await client.patch(TASKS, ref, { type: 'merge', body: { spec: { cancel: true } } });
    left.abort(beginning.failure);
  };
  const onLate = (): void => {
    giving = giveUp().catch((error: unknown) => session.fail(error));
  };
  const cancel = timeoutMs === undefined ? undefined : clock.after(timeoutMs, onLate);
  return beginning;
}

/**
 * The first Ctrl-C asks the Task to stop; the second leaves it to itself. The returned promise waits for the answer to the
 * first for a moment: closing the connection would cut it off.
 */
function cancelOnInterrupt(session: Session, ref: ObjectRef, left: AbortController): () => Promise<void> {
  const { context } = session;
  const late = new AbortController();
  let asked: Promise<unknown> | undefined;
  const forget = context.onInterrupt(() => {
    if (asked !== undefined) {
      left.abort(new Error('interrupted'));
      return;
    }
    context.stderr.write(`cancelling task ${ref.name}; press Ctrl-C again to leave it\n`);
    asked = session.connection.client
      .within(late.signal)
      .patch(TASKS, ref, { type: 'merge', body: { spec: { cancel: true } } })
      .catch((error: unknown) => session.fail(error));
  });
  return async () => {
    forget();
    const cancel = context.clock.after(LAST_WORD_MS, () =>
      late.abort(new Error('the server did not answer')),
    );
    await asked;
    cancel();
  };
}

async function follow(
  session: Session,
  ref: ObjectRef,
  options: { quiet: boolean; signal: AbortSignal; note: (text: string) => void },
): Promise<void> {
  const text = createTaskEventText();
  const { stdout } = session.context;
  const done = new AbortController();
  const waiting = tellWhatItWaitsFor(session, ref, {
    signal: AbortSignal.any([done.signal, options.signal]),
    note: options.note,
  });
  try {
    for await (const event of readTaskLog(session, { ref, after: 0, follow: true, signal: options.signal })) {
      if (!options.quiet) stdout.write(text.add(event));
    }
    if (!options.quiet) stdout.write(text.end());
  } finally {
    done.abort();
    await waiting;
  }
}

/**
 * A Team that does not exist yet, no executor with room, or a stage that somebody has to confirm would otherwise look
 * like a program that hangs.
 */
async function tellWhatItWaitsFor(
  session: Session,
  ref: ObjectRef,
  options: { signal: AbortSignal; note: (text: string) => void },
): Promise<void> {
  let told: string | undefined;
  const tell = (task: CliTask): void => {
    const reason = waitReason(task);
    if (reason !== undefined && reason !== told) options.note(`waiting: ${reason}`);
    told = reason;
  };
  await runReflector({
    client: session.connection.client,
    type: TASKS,
    namespace: session.namespace,
    fieldSelector: `metadata.name=${ref.name}`,
    signal: options.signal,
    target: { replace: (tasks) => tasks.forEach(tell), apply: (_type, task) => tell(task) },
  });
}

function waitReason({ metadata, status }: CliTask): string | undefined {
  const { namespace = 'default', name } = metadata;
  const [question] = status?.questions ?? [];
  if (question !== undefined) {
    const how = question.tool === undefined ? '-m ANSWER' : '--allow';
    return `it asks: ${question.message}\n  troupe answer ${name} ${question.id} -n ${namespace} ${how}`;
  }
  if (status?.status === 'PENDING_CONFIRMATION') {
    const body = JSON.stringify({ spec: { currentStage: (status.currentStep ?? 0) + 1 } });
    return `${status.message ?? 'a stage has to be confirmed.'}\n  kubectl patch task ${name} -n ${namespace} --type merge -p '${body}'`;
  }
  const finished = findCondition(status?.conditions, 'Finished');
  if (finished?.reason === 'Unschedulable') return finished.message;
  const ready = findCondition(status?.conditions, 'Ready');
  return status?.status === 'PENDING' && ready?.status === 'False' ? ready.message : undefined;
}

function report(session: Session, task: CliTask, quiet: boolean): number {
  const { status, errorMessage, result } = task.status ?? {};
  if (quiet && result?.value !== undefined && status === 'COMPLETED') session.print(result.value);
  if (status === 'COMPLETED') return 0;
  session.context.stderr.write(
    status === 'CANCELLED'
      ? `task ${task.metadata.name} was cancelled\n`
      : `error: task ${task.metadata.name} failed: ${errorMessage ?? 'no reason given'}\n`,
  );
  return status === 'CANCELLED' ? INTERRUPTED : 1;
}
