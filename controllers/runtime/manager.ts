import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError, silentLogger } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { deadline } from './deadline.ts';

/** Something that works until it is told to stop. */
export interface Runnable {
  name: string;
  /** Resolves after the signal aborted and everything is put away. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when those that build on this one may start; absent: at once. */
  ready?(): Promise<void>;
  /** @throws Error when it is stuck, and only a new process can help */
  check?(): void;
}

export interface ManagerOptions {
  /**
   * Started one group after the other, each once the one before is ready, and stopped in reverse: recorders,
   * informers, the controllers of whoever leads.
   */
  groups: readonly (readonly Runnable[])[];
  /** How long stopping may take altogether, in milliseconds; default 15 s. */
  stopDeadlineMs?: number;
  /** Aborts a start that waits for a server that does not come. */
  signal?: AbortSignal;
  clock?: Clock;
  logger?: Logger;
}

export interface Manager {
  /** @throws Error when a part is stuck, and only a new process can help */
  check(): void;
  /** Resolves when something ended that was not told to: what is left is not whole, and the process should go. */
  readonly broken: Promise<Error>;
  /** Stops all groups, last first. @throws Error naming those that did not stop in time. */
  stop(): Promise<void>;
}

interface Started {
  name: string;
  controller: AbortController;
  ended: Promise<void>;
}

/** Starts everything; resolves when the last group is ready. Rejects, with all stopped, when the signal aborts. */
export async function startManager(options: ManagerOptions): Promise<Manager> {
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? silentLogger;
  const groups: Started[][] = [];
  const broken = Promise.withResolvers<Error>();
  const stop = once(() => stopAll(groups, clock, options.stopDeadlineMs ?? 15_000));
  try {
    for (const group of options.groups) {
      options.signal?.throwIfAborted();
      groups.push(group.map((runnable) => launch(runnable, { logger, broken: broken.resolve })));
      const ready = Promise.all(group.map(async (runnable) => runnable.ready?.()));
      await (options.signal === undefined ? ready : Promise.race([ready, aborted(options.signal)]));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop,
    broken: broken.promise,
    check: () => options.groups.flat().forEach((runnable) => runnable.check?.()),
  };
}

function launch(
  runnable: Runnable,
  { logger, broken }: { logger: Logger; broken: (error: Error) => void },
): Started {
  const { name } = runnable;
  const controller = new AbortController();
  const ended = Promise.resolve()
    .then(() => runnable.run(controller.signal))
    .then(
      () => {
        if (controller.signal.aborted) return;
        logger.error('ended before it was told to', { runnable: name });
        broken(new Error(`${name} ended before it was told to`));
      },
      (error: unknown) => {
        logger.error('ended by an error', { runnable: name, cause: describeError(error) });
        if (!controller.signal.aborted) broken(new Error(`${name} failed`, { cause: error }));
      },
    );
  return { name, controller, ended };
}

async function stopAll(groups: readonly Started[][], clock: Clock, deadlineMs: number): Promise<void> {
  const late = Promise.withResolvers<'late'>();
  const cancel = deadline(clock, deadlineMs, () => late.resolve('late'));
  try {
    for (const group of groups.toReversed()) {
      const running = new Set(group.map(({ name }) => name));
      for (const { controller } of group) controller.abort(new Error('stopping'));
      const ended = group.map(({ name, ended }) => ended.then(() => running.delete(name)));
      const outcome = await Promise.race([Promise.all(ended), late.promise]);
      if (outcome === 'late') {
        // The others are told to stop all the same; nobody waits for them any more.
        for (const { controller } of groups.flat()) controller.abort(new Error('stopping'));
        throw new Error(`did not stop within ${deadlineMs} ms: ${[...running].join(', ')}`);
      }
    }
  } finally {
    cancel();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function once(act: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= act());
}
