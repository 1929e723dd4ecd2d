import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { retryUntilDone } from '../retry.ts';
import type { RunnerClient } from '../run/runner-client.ts';
import { archiveLimit } from './archive-limit.ts';
import type { Saves } from './saves.ts';
import type { KeptWork, WorkStore } from './work-store.ts';

export interface HandOver {
  work: Pick<WorkStore, 'find' | 'newest'>;
  saves: Pick<Saves, 'settled' | 'othersSettled'>;
  sandbox: Sandbox;
  runner: Pick<RunnerClient, 'replaceWorkspace'>;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}

const nothingHere = ({ workspace }: SandboxSpec): string =>
  `The work of the runs before is not on this Executor; this run begins with ${workspace === undefined ? 'an empty folder' : 'a fresh clone'}.`;

/**
 * Gives a runtime the work that its run goes on with: that of the first Sandbox in the list of which any was kept.
 * @returns sentences for the log of the Task, where people would expect something else
 * @throws StatusError when the runner cannot take it; the signal's reason
 */
export async function handOverWork(options: HandOver): Promise<string[]> {
  const { sandbox, runner, signal, logger } = options;
  const kept = await findWork(options);
  if (kept === undefined) return namedWork(sandbox).length === 0 ? [] : [nothingHere(sandbox.spec)];
  const limitBytes = Math.max(archiveLimit(sandbox.spec), kept.bytes);
  const act = () => runner.replaceWorkspace(kept.read(), { limitBytes, signal });
  const leftOut = await retryUntilDone(act, { ...options, what: 'hand work over', isCurable: isAway });
  logger.info('work handed over', { bytes: kept.bytes });
  return leftOut === 0 ? [] : [`${leftOut} pipes or devices in the work of the run before were left out.`];
}

async function findWork({ work, saves, sandbox, signal }: HandOver): Promise<KeptWork | undefined> {
  const { spec, metadata } = sandbox;
  const taskUID = spec.taskRef.uid;
  for (const { uid } of namedWork(sandbox)) {
    await saves.settled(uid, signal);
    const kept = await work.find({ taskUID, sandboxUID: uid });
    if (kept !== undefined) return kept;
  }
  if (spec.node !== undefined) return undefined;
  // A Sandbox of a version before graphs names none. Such runs come one after the other, and go on with the files of
  // the last one.
  await saves.othersSettled({ taskUID, sandboxUID: metadata.uid ?? '' }, signal);
  return work.newest(taskUID);
}

const namedWork = ({ spec }: Sandbox) => spec.continueFrom ?? [];

const isAway = (error: unknown): boolean => isStatusError(error, 'ServiceUnavailable');
