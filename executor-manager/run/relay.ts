import type { TaskLogClient } from '#api/client/task-log';
import { formatMicroTime, sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { ObjectRef } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import type { TaskEventAppended, TaskEventInput, TaskMessageInput } from '#api/types/tasks/task-event';
import { isPassingOrRefused, retryUntilDone } from '../retry.ts';
import { createEventBatches } from './event-batch.ts';
import type { EventBatches } from './event-batch.ts';
import type { RunEvent, RunState } from '../protocol/run.ts';
import { acceptEvent } from './run-event.ts';

/** Where a run's events come from. */
export interface EventSource {
  events(id: string, after: number, signal: AbortSignal): AsyncIterable<RunEvent>;
  get(id: string): Promise<RunState | undefined>;
}

/** The log of a Task, as the place for the events of one Sandbox. */
export interface LogTarget {
  taskLog: Pick<TaskLogClient, 'append'>;
  task: ObjectRef & { uid: string };
  /** Name of the Sandbox: the source of its events. */
  sandboxName: string;
  /** The prompt of the agent: it becomes a message of the Task with the first event. Absent where it is one already. */
  prompt?: string;
  logger: Logger;
  clock: Clock;
}

export interface RelayOptions extends LogTarget {
  source: EventSource;
  runID: string;
  /** True when the log can have nothing of this run yet. */
  fresh: boolean;
  /** Told when events are in the log, the oldest so many milliseconds after it happened. */
  onRelayed?: (events: readonly RunEvent[], lagMs: number) => void;
}

export interface RelaySignals {
  /** Nothing more can come from the run: what was read goes to the log, and that is the end. */
  cut: AbortSignal;
  /** Leave everything as it is, at once. */
  stop: AbortSignal;
}

export type RelayEnd =
  /** Every event is in the log; `data` is that of the last one. */
  | { kind: 'result'; data: Record<string, unknown>; lastSeq: number }
  /** The run was cut off, or is not known to its runner any more; `lastSeq` is the last event in the log. */
  | { kind: 'cut'; lastSeq: number }
  /** The Task, and its log with it, is gone. */
  | { kind: 'task gone' };

/** Thrown inside when the log belongs to another Task now. */
const TASK_GONE = Symbol('task gone');
const REREAD_MS = 100;

/**
 * Brings a run's events into its Task's log, in order, each once: the log knows the last number it has of this
 * source, so that nothing is lost or doubled whichever side went away in between.
 */
export async function relay(options: RelayOptions, signals: RelaySignals): Promise<RelayEnd> {
  const log = createLogAppender(options, signals.stop);
  try {
    let lastSeq = options.fresh ? 0 : (await log.position()).lastSourceSeq;
    for (;;) {
      const end = await relayStream({ options, signals, log, after: lastSeq });
      if (end.result !== undefined) return { kind: 'result', data: end.result, lastSeq: end.lastSeq };
      if (signals.cut.aborted) return { kind: 'cut', lastSeq: end.lastSeq };
      lastSeq = end.lastSeq;
      const state = await runState(options);
      if (state === 'unknown') return { kind: 'cut', lastSeq };
      // Its last event was in the log before we came.
      if (state !== undefined && state.phase !== 'Running' && state.lastSeq <= lastSeq) {
        return { kind: 'result', data: { ...state }, lastSeq };
      }
      await sleep(options.clock, REREAD_MS, AbortSignal.any([signals.cut, signals.stop])).catch(
        () => undefined,
      );
      signals.stop.throwIfAborted();
    }
  } catch (error) {
    if (error === TASK_GONE) return { kind: 'task gone' };
    throw error;
  }
}

/** Undefined when the runner does not answer just now. */
async function runState(options: RelayOptions): Promise<RunState | 'unknown' | undefined> {
  try {
    return (await options.source.get(options.runID)) ?? 'unknown';
  } catch (error) {
    options.logger.debug('the runner does not say how the run stands', { cause: describeError(error) });
    return undefined;
  }
}

export interface EndingOptions extends LogTarget {
  taskLog: Pick<TaskLogClient, 'append' | 'read'>;
}

export interface Ending {
  /** The last event of this run in the log. */
  lastSeq: number;
  /** Data of the last event, when the run, or a manager before us, has said already how it ended. */
  recorded?: Record<string, unknown>;
}

/**
 * One more event of our own, where the run could not say itself how it ended; unless the log has its ending, and
 * only the Sandbox's status lacks it. Undefined when the Task, or its log, is gone.
 */
export async function appendEnding(
  options: EndingOptions,
  data: Record<string, unknown>,
  stop: AbortSignal,
): Promise<Ending | undefined> {
  const log = createLogAppender(options, stop);
  try {
    const at = await log.position();
    const recorded = at.lastSourceEventSeq === 0 ? undefined : await recordedEnding(options, at, stop);
    if (recorded !== undefined) return { lastSeq: at.lastSourceSeq, recorded };
    const time = formatMicroTime(options.clock.now());
    return { lastSeq: await log.append([{ seq: at.lastSourceSeq + 1, time, type: 'result', data }]) };
  } catch (error) {
    if (error === TASK_GONE) return undefined;
    throw error;
  }
}

/** The data of this run's last event, if that is its result; whatever other runs of the Task wrote since. */
async function recordedEnding(
  options: EndingOptions,
  at: TaskEventAppended,
  signal: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  const { taskLog, task, sandboxName, clock, logger } = options;
  const readLast = async (): Promise<Record<string, unknown> | undefined> => {
    for await (const event of taskLog.read(refOf(task), { after: at.lastSourceEventSeq - 1, signal })) {
      return event.source === sandboxName && event.type === 'result' ? event.data : undefined;
    }
    return undefined;
  };
  try {
    const what = 'read the log of a Task';
    return await retryUntilDone(readLast, { clock, logger, signal, isCurable: isPassingOrRefused, what });
  } catch (error) {
    if (isStatusError(error, 'NotFound')) throw TASK_GONE;
    throw error;
  }
}

const refOf = ({ name, namespace }: ObjectRef): ObjectRef => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

interface Stream {
  options: RelayOptions;
  signals: RelaySignals;
  log: LogAppender;
  after: number;
}

interface StreamEnd {
  lastSeq: number;
  result?: Record<string, unknown>;
}

/** Reads one stream to its end, or until it breaks, while what was read is appended. */
async function relayStream(stream: Stream): Promise<StreamEnd> {
  const batches = createEventBatches(stream.options.clock);
  const abandoned = new AbortController();
  const reading = readInto(batches, stream, abandoned.signal);
  const end: StreamEnd = { lastSeq: stream.after };
  try {
    for (;;) {
      const batch = await batches.take(stream.signals.stop);
      if (batch.length === 0) return end;
      const durable = await stream.log.append(batch);
      stream.options.onRelayed?.(batch, lagOf(batch, stream.options.clock));
      // The log knows less than we handed in before: it was restored from an older state. Read again from there.
      if (durable < (batch.at(-1)?.seq ?? 0)) return { lastSeq: durable };
      end.lastSeq = durable;
      const last = batch.at(-1);
      if (last?.type === 'result') return { ...end, result: last.data };
    }
  } finally {
    batches.abandon();
    abandoned.abort(new Error('the stream is not needed any more'));
    await reading;
  }
}

function lagOf([oldest]: readonly RunEvent[], clock: Clock): number {
  return oldest === undefined ? 0 : clock.now() - Date.parse(oldest.time);
}

/** Never rejects: a broken stream is read again from the last event in the log. */
async function readInto(batches: EventBatches, stream: Stream, abandoned: AbortSignal): Promise<void> {
  const { options, signals } = stream;
  const signal = AbortSignal.any([signals.cut, signals.stop, abandoned]);
  let expected = stream.after + 1;
  try {
    for await (const event of options.source.events(options.runID, stream.after, signal)) {
      const accepted = acceptEvent(event, expected);
      await batches.put(accepted);
      expected += 1;
      if (accepted.type === 'result' || signal.aborted) break;
    }
  } catch (error) {
    if (!signal.aborted)
      options.logger.debug('event stream of the run broke', { cause: describeError(error) });
  } finally {
    batches.end();
  }
}

interface LogAppender {
  /** How far the log has come, and how far it knows this run. */
  position(): Promise<TaskEventAppended>;
  /** Appends in spite of outages; returns the last number the log then knows of this run. */
  append(events: readonly RunEvent[]): Promise<number>;
}

function createLogAppender(options: LogTarget, signal: AbortSignal): LogAppender {
  const { task, clock, logger } = options;
  const ref = refOf(task);

  async function send(events: TaskEventInput[], messages: TaskMessageInput[]): Promise<TaskEventAppended> {
    const body = { source: options.sandboxName, taskUID: task.uid, events };
    const act = (): Promise<TaskEventAppended> =>
      options.taskLog.append(ref, messages.length === 0 ? body : { ...body, messages });
    return retryUntilDone(act, {
      clock,
      logger,
      signal,
      isCurable: isPassingOrRefused,
      what: 'append to the log of a Task',
    });
  }

  async function position(): Promise<TaskEventAppended> {
    try {
      return await send([], []);
    } catch (error) {
      // Of a request without events only the Task itself can be wrong.
      if (isStatusError(error, 'NotFound') || isStatusError(error, 'Conflict')) throw TASK_GONE;
      throw error;
    }
  }

  async function append(events: readonly RunEvent[]): Promise<number> {
    const inputs = events.map(({ seq, time, type, data }) => ({ sourceSeq: seq, time, type, data }));
    try {
      return (await send(inputs, messagesOf(events, options.prompt))).lastSourceSeq;
    } catch (error) {
      if (isStatusError(error, 'NotFound')) throw TASK_GONE;
      // Another Task, or a gap: the answer to an empty request tells which.
      if (isStatusError(error, 'Conflict')) return (await position()).lastSourceSeq;
      if (isPassingOrRefused(error) || !isStatusError(error)) throw error;
      return appendRefused(events, error);
    }
  }

  /** One event that the API does not take must not stop the others. */
  async function appendRefused(events: readonly RunEvent[], cause: Error): Promise<number> {
    const [only] = events;
    if (events.length === 1 && only !== undefined) {
      if (only.data['refused'] !== undefined) throw cause;
      logger.warn('the log does not take an event', { seq: only.seq, cause: describeError(cause) });
      return append([{ ...only, data: substitute(only, cause) }]);
    }
    let last = 0;
    for (const event of events) last = await append([event]);
    return last;
  }

  return { position, append };
}

/** What is left of an event that was refused; a result keeps what the step's outcome is read from. */
function substitute(event: RunEvent, cause: Error): Record<string, unknown> {
  const refused = `this event was refused by the API: ${cause.message.slice(0, 500)}`;
  if (event.type !== 'result') return { text: '', message: refused, refused: true };
  return { phase: event.data['phase'], reason: event.data['reason'], message: refused, refused: true };
}

/** The two sides of the conversation, each with the batch that makes it true. */
function messagesOf(events: readonly RunEvent[], prompt: string | undefined): TaskMessageInput[] {
  const messages: TaskMessageInput[] = [];
  const [first] = events;
  const last = events.at(-1);
  if (first?.seq === 1 && prompt !== undefined)
    messages.push({ role: 'USER', content: prompt, time: first.time });
  if (last?.type === 'result') {
    const { result } = last.data as { result?: { value?: unknown } };
    const content = result?.value;
    if (typeof content === 'string' && content !== '') {
      messages.push({ role: 'ASSISTANT', content, time: last.time });
    }
  }
  return messages;
}
