import { appendFile, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '#api/client/client';
import type { TaskLogClient, TaskLogReadOptions } from '#api/client/task-log';
import { notFound, StatusError } from '#api/machinery/status-error';
import type { ObjectRef } from '#api/machinery/resource-type';
import { TASKS } from '#api/types/resources';
import type { TaskEvent, TaskEventAppend, TaskEventAppended } from '#api/types/tasks/task-event';
import { isAbsent, isPlainName, namesIn } from '../kept-files.ts';
import type { LogTails } from './log-tails.ts';

export interface LocalTaskLogsOptions {
  /** Gets `TASK-UID.jsonl` for each Task. */
  folder: string;
  client: Pick<Client, 'find'>;
  tails: LogTails;
}

/** The content of the file of a Task. */
interface KeptLog {
  events: TaskEvent[];
  /** The last event of each source. */
  last: Map<string, TaskEvent>;
  /** Of the file. */
  bytes: number;
  /** Appends of one log wait for each other. */
  turn: Promise<unknown>;
}

/** A log in memory, with the number of those who are at it. */
interface HeldLog {
  log: Promise<KeptLog>;
  users: number;
}

/** So many logs stay in memory that nobody is at; a run that has ended needs its log no longer. */
const MOST_IDLE = 100;

/** As of the cluster's own; whoever may make a Sandbox writes one, and it must not lead to another folder. */
const SUFFIX = '.jsonl';

/**
 * The logs of Tasks where the server has none, since it has the kinds from crds/ alone: each executor keeps the events of
 * its own runs, numbered by itself, and the end of them is shown in the Sandbox's status. Messages are not kept.
 */
export class LocalTaskLogs implements Pick<TaskLogClient, 'append' | 'read'> {
  readonly #options: LocalTaskLogsOptions;
  /** By the uids of Tasks; the one that was used last is the last one. */
  readonly #logs = new Map<string, HeldLog>();

  constructor(options: LocalTaskLogsOptions) {
    this.#options = options;
  }

  /** As the server's: idempotent; StatusError NotFound when the Task is gone, Conflict for another one or a gap. */
  async append(ref: ObjectRef, batch: TaskEventAppend): Promise<TaskEventAppended> {
    const hasResult = batch.events.some(({ type }) => type === 'result');
    const isEnd = batch.events.length === 0 || hasResult;
    // The server is asked where it matters, not for each batch.
    if (isEnd || !this.#logs.has(batch.taskUID)) await this.#requireTask(ref, batch.taskUID);
    const { answer, log } = await this.#use(batch.taskUID, async (log) => {
      const appended = log.turn.then(() => this.#add(log, batch));
      log.turn = appended.catch(() => undefined);
      return { answer: await appended, log };
    });
    if (hasResult) this.#forget(batch.taskUID);
    const target = {
      name: batch.source,
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    };
    const ofSource = () => log.events.filter(({ source }) => source === batch.source);
    await this.#options.tails.show(target, ofSource, isEnd);
    return answer;
  }

  async *read(ref: ObjectRef, { after = 0 }: TaskLogReadOptions = {}): AsyncIterable<TaskEvent> {
    const task = await this.#options.client.find(TASKS, ref);
    if (task?.metadata.uid === undefined) return;
    const events = await this.#use(task.metadata.uid, async (log) => log.events);
    for (const event of events) if (event.seq > after) yield event;
  }

  /** Removes the logs of Tasks of which nothing is here any longer; `known` has the uids of the others. */
  async sweep(known: () => ReadonlySet<string>): Promise<void> {
    const names = await namesIn(this.#options.folder);
    // Only now: a log that is there is one of a Task that was known before.
    const kept = known();
    for (const name of names) {
      const uid = name.slice(0, -SUFFIX.length);
      if (!name.endsWith(SUFFIX) || kept.has(uid) || !this.#forget(uid)) continue;
      await rm(this.#file(uid), { force: true });
    }
  }

  async #requireTask(ref: ObjectRef, uid: string): Promise<void> {
    if (!isPlainName(uid)) throw notFound(TASKS, ref.name);
    const task = await this.#options.client.find(TASKS, ref);
    if (task?.metadata.uid === uid) return;
    if (this.#forget(uid)) await rm(this.#file(uid), { force: true });
    if (task === undefined) throw notFound(TASKS, ref.name);
    throw new StatusError('Conflict', `the events are for the Task with uid ${uid}, not for this one`);
  }

  /** Nobody drops the log from memory meanwhile: there is one of each file. */
  async #use<T>(uid: string, act: (log: KeptLog) => Promise<T>): Promise<T> {
    const held = this.#logs.get(uid) ?? { log: this.#load(uid), users: 0 };
    held.users += 1;
    this.#logs.delete(uid);
    this.#logs.set(uid, held);
    let isLoaded = false;
    try {
      const log = await held.log;
      isLoaded = true;
      return await act(log);
    } finally {
      held.users -= 1;
      if (!isLoaded && this.#logs.get(uid) === held) this.#logs.delete(uid);
      this.#dropIdle();
    }
  }

  /** False while somebody is at it. */
  #forget(uid: string): boolean {
    if ((this.#logs.get(uid)?.users ?? 0) > 0) return false;
    this.#logs.delete(uid);
    return true;
  }

  #dropIdle(): void {
    const idle = [...this.#logs].filter(([, { users }]) => users === 0);
    for (const [uid] of idle.slice(0, Math.max(0, idle.length - MOST_IDLE))) this.#logs.delete(uid);
  }

  async #load(uid: string): Promise<KeptLog> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    const text = await wholeLines(this.#file(uid));
    const events = parseLines(text);
    const last = new Map(events.map((event) => [event.source, event]));
    return { events, last, bytes: Buffer.byteLength(text), turn: Promise.resolve() };
  }

  async #add(log: KeptLog, { source, taskUID, events }: TaskEventAppend): Promise<TaskEventAppended> {
    const known = log.last.get(source)?.sourceSeq ?? 0;
    const fresh = events.filter(({ sourceSeq }) => sourceSeq > known);
    if (fresh.length > 0) {
      if (fresh[0]?.sourceSeq !== known + 1)
        throw new StatusError('Conflict', `the next event of ${source} has number ${known + 1}`);
      const first = (log.events.at(-1)?.seq ?? 0) + 1;
      const added = fresh.map(({ sourceSeq, time, type, data }, index): TaskEvent => {
        return { seq: first + index, source, sourceSeq, time, type, data };
      });
      await this.#write(log, taskUID, added.map((event) => `${JSON.stringify(event)}\n`).join(''));
      log.events.push(...added);
      const last = added.at(-1);
      if (last !== undefined) log.last.set(source, last);
    }
    const last = log.last.get(source);
    return {
      lastSeq: log.events.at(-1)?.seq ?? 0,
      lastSourceSeq: last?.sourceSeq ?? 0,
      lastSourceEventSeq: last?.seq ?? 0,
    };
  }

  /** A full disk may take half of it, behind which the next line would not be one. */
  async #write(log: KeptLog, uid: string, text: string): Promise<void> {
    const file = this.#file(uid);
    try {
      await appendFile(file, text, { mode: 0o600 });
      log.bytes += Buffer.byteLength(text);
    } catch (error) {
      await truncate(file, log.bytes).catch(() => undefined);
      throw error;
    }
  }

  #file(uid: string): string {
    return join(this.#options.folder, `${uid}${SUFFIX}`);
  }
}

/** A crash may leave half a line at the end, which is cut off: its event comes again. */
async function wholeLines(file: string): Promise<string> {
  const text = await readIfThere(file);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) await truncate(file, Buffer.byteLength(whole));
  return whole;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

function parseLines(text: string): TaskEvent[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as TaskEvent);
}
