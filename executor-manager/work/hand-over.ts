import { Readable } from 'node:stream';
import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import { findCondition } from '#api/machinery/condition';
import type { Logger } from '#api/machinery/logger';
import { StatusError, isStatusError } from '#api/machinery/status-error';
import type { SandboxSpec } from '#api/types/generated/sandbox';
import type { Task, TaskSubTask } from '#api/types/generated/task';
import { SandboxCondition } from '#api/types/sandboxes/sandbox';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { retryUntilDone } from '../retry.ts';
import type { RunnerClient } from '../run/runner-client.ts';
import { archiveLimit } from './archive-limit.ts';
import type { SandboxTimes } from '../sandbox/context.ts';
import { taskOf } from '../sandbox/let-go.ts';
import { refOf } from '../sandbox/status-writer.ts';
import type { Saves } from './saves.ts';
import type { KeptWork, WorkStore } from './work-store.ts';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';

/** The work of the run before could not be saved. */
export class WorkLost extends Error {
  constructor(sandboxName: string, why: string) {
    super(`This run was to go on with the files of the Sandbox ${sandboxName}. ${why}`);
  }
}

export interface HandOver {
  client: Pick<Client, 'find'>;
  work: Pick<WorkStore, 'find' | 'newest'>;
  saves: Pick<Saves, 'settled' | 'othersSettled'>;
  sandbox: RunSandbox;
  runner: Pick<RunnerClient, 'replaceWorkspace'>;
  times: Pick<SandboxTimes, 'save'>;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}

const nothingHere = ({ workspace }: SandboxSpec): string =>
  `The work of the runs before is not on this Executor; this run begins with ${workspace === undefined ? 'an empty folder' : 'a fresh clone'}.`;

/**
 * Gives a runtime the work that its run goes on with: that of the first Sandbox in the list of which any was kept.
 * @returns sentences for the log of the Task, where people would expect something else
 * @throws WorkLost when a run before has succeeded and its work was lost: with a fresh clone, a later one would seem to
 * go on with it; for a fork when the work of the other Task is not here, or belongs to another one; when the run is not of a Task here
 * @throws StatusError when the runner cannot take it; the signal's reason
 */
export async function handOverWork(options: HandOver): Promise<string[]> {
  const { sandbox, runner, logger } = options;
  const kept = await findWork(options);
  if (kept === undefined) return namedWork(sandbox).length === 0 ? [] : [nothingHere(sandbox.spec)];
  if (kept.bytes === 0) return [];
  const limitBytes = Math.max(archiveLimit(sandbox.spec), kept.bytes);
  const leftOut = await withinTime(options, (inTime) => {
    const act = () =>
      send(kept, (archive) => runner.replaceWorkspace(archive, { limitBytes, signal: inTime }));
    const retry = { ...options, signal: inTime, what: 'hand work over', isCurable: isAway };
    return retryUntilDone(act, retry);
  });
  logger.info('work handed over', { bytes: kept.bytes });
  return leftOut === 0 ? [] : [`${leftOut} pipes or devices in the work of the run before were left out.`];
}

async function findWork(options: HandOver): Promise<KeptWork | undefined> {
  const { work, saves, sandbox, signal } = options;
  const { spec, metadata } = sandbox;
  const taskUID = spec.taskRef.uid;
  for (const before of namedWork(sandbox)) {
    const { uid, taskUID: ofTask = taskUID } = before;
    if (ofTask !== taskUID) await requireTakenOver(options, { ...before, taskUID: ofTask });
    await saves.settled(uid, signal);
    const kept = await work.find({ taskUID: ofTask, sandboxUID: uid });
    if (kept !== undefined) {
      await requireTask(options, before.name);
      return kept;
    }
    // A fork is there to go on with this, and with nothing else.
    if (ofTask !== taskUID)
      throw new WorkLost(before.name, 'They are not on this Executor, or no longer kept.');
    await refuseLost(options, before);
  }
  if (spec.node !== undefined) return undefined;
  // A Sandbox of a version before graphs names none. Such runs come one after the other, and go on with the files of
  // the last one.
  await saves.othersSettled({ taskUID, sandboxUID: metadata.uid ?? '' }, signal);
  const newest = await work.newest(taskUID);
  if (newest !== undefined) await requireTask(options, 'before this one');
  return newest;
}

/**
 * Whoever may create a Sandbox could name any Task as its own. Work is kept by the uids of Task and Sandbox, so that with the
 * Task in the namespace of the run, its work is of that namespace too.
 */
async function requireTask(options: HandOver, name: string): Promise<Task> {
  const { sandbox, client } = options;
  const look = () => client.find(TASKS, taskOf(sandbox));
  const task = await retryUntilDone(look, { ...options, what: 'look for a Task' });
  if (task === undefined || task.metadata.uid !== sandbox.spec.taskRef.uid)
    throw new WorkLost(name, 'The Task of this run is not there.');
  return task;
}

/**
 * Whoever may create a Sandbox could name the work of any Task, and whoever may write the status of a Task could say in it that
 * the work was taken over. So three things must agree: the server let the Task fork (spec.forkFrom, with a uid that only the server
 * notes), its status says what it took over, and the Sandbox of that work is here, in the same namespace, and has the Task as an owner.
 */
async function requireTakenOver(options: HandOver, work: NamedWork): Promise<void> {
  const { sandbox, client } = options;
  const { name, uid } = work;
  const task = await requireTask(options, name);
  if (!hasTakenOver(task, work))
    throw new WorkLost(name, 'The Task of this run has taken over nothing of that Sandbox.');
  const look = () => client.find(SANDBOXES, { ...refOf(sandbox), name });
  const held = await retryUntilDone(look, { ...options, what: 'look for a Sandbox' });
  const { ownerReferences = [] } = held?.metadata ?? {};
  if (held?.metadata.uid !== uid || !ownerReferences.some((owner) => owner.uid === task.metadata.uid))
    throw new WorkLost(name, 'The Task of this run does not own that Sandbox.');
}

interface NamedWork {
  name: string;
  uid: string;
  taskUID: string;
}

function hasTakenOver({ metadata, spec, status }: Task, { uid, taskUID }: NamedWork): boolean {
  if (spec.forkFrom?.uid === undefined) return false;
  const { namespace } = metadata;
  // The fields beside those of the schema are kept as they were written.
  return (status?.subTasks ?? []).some(
    (record: TaskSubTask & { sandboxUID?: unknown }) =>
      record.sandboxUID === uid &&
      record.forkedFrom?.uid === taskUID &&
      (record.executor_namespace ?? namespace) === namespace,
  );
}

/** An attempt that failed is made once more from where it began; what a run has finished cannot be left out. */
async function refuseLost(options: HandOver, { name, uid }: { name: string; uid: string }): Promise<void> {
  const look = () => options.client.find(SANDBOXES, { ...refOf(options.sandbox), name });
  const before = await retryUntilDone(look, { ...options, what: 'look for a Sandbox' });
  if (before?.metadata.uid !== uid || before.status?.phase !== 'Succeeded') return;
  const saved = findCondition(before.status.conditions, SandboxCondition.WorkSaved);
  if (saved?.status === 'False') throw new WorkLost(name, saved.message);
}

const namedWork = ({ spec }: RunSandbox) => spec.continueFrom ?? [];

/** A runner that was cut off in the middle of an archive is busy with it for a moment. */
const isAway = (error: unknown): boolean =>
  isStatusError(error, 'ServiceUnavailable') || isStatusError(error, 'Conflict');

/** A runner that an agent has taken over could take its time for ever. */
async function withinTime<T>(
  { clock, times, signal }: Pick<HandOver, 'clock' | 'times' | 'signal'>,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const time = new AbortController();
  const text = `the work of the run before was not taken within ${times.save / 1000} s`;
  const cancel = clock.after(times.save, () => time.abort(new StatusError('Timeout', text)));
  try {
    return await act(AbortSignal.any([signal, time.signal]));
  } finally {
    cancel();
  }
}

/** Tells a disk of ours that cannot be read from a runner that does not take what was read: only that can be cured. */
async function send<T>(kept: KeptWork, act: (archive: Readable) => Promise<T>): Promise<T> {
  let unreadable: StatusError | undefined;
  async function* read(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* kept.read() as AsyncIterable<Buffer>;
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      unreadable = new StatusError('InternalError', `the kept work cannot be read (${code})`, { cause });
      throw unreadable;
    }
  }
  try {
    return await act(Readable.from(read(), { objectMode: false }));
  } catch (error) {
    throw unreadable ?? error;
  }
}
