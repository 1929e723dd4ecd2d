import { appendFile, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '#api/client/client';
import type { TaskLogClient, TaskLogReadOptions } from '#api/client/task-log';
import { notFound, StatusError } from '#api/machinery/status-error';
import type { ObjectRef } from '#api/machinery/resource-type';
import { TASKS } from '#api/types/resources';
import type { TaskEvent, TaskEventAppend, TaskEventAppended } from '#api/types/tasks/task-event';
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
  /** Appends of one log wait for each other. */
  turn: Promise<unknown>;
}

/**
 * The logs of Tasks where the server has none, since it has the kinds from crds/ alone: each executor keeps the events of
 * its own runs, numbered by itself, and the end of them is shown in the Sandbox's status. Messages are not kept.
 */
export class LocalTaskLogs implements Pick<TaskLogClient, 'append' | 'read'> {
  readonly #options: LocalTaskLogsOptions;
  readonly #logs = new Map<string, Promise<KeptLog>>();
  /** By namespace and name. */
  readonly #uids = new Map<string, string>();

  constructor(options: LocalTaskLogsOptions) {
    this.#options = options;
  }

  /** As the server's: idempotent; StatusError NotFound when the Task is gone, Conflict for another one or a gap. */
  async append(ref: ObjectRef, batch: TaskEventAppend): Promise<TaskEventAppended> {
    const isEnd = batch.events.length === 0 || batch.events.some(({ type }) => type === 'result');
    // The server is asked where it matters, not for each batch.
    if (isEnd || !this.#logs.has(batch.taskUID)) await this.#requireTask(ref, batch.taskUID);
    this.#uids.set(keyOf(ref), batch.taskUID);
    const log = await this.#open(batch.taskUID);
    const appended = log.turn.then(() => this.#add(log, batch));
    log.turn = appended.catch(() => undefined);
    const answer = await appended;
    const ofSource = log.events.filter(({ source }) => source === batch.source);
    const target = {
      name: batch.source,
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    };
    await this.#options.tails.show(target, ofSource, isEnd);
    return answer;
  }

  async *read(ref: ObjectRef, { after = 0 }: TaskLogReadOptions = {}): AsyncIterable<TaskEvent> {
    const uid = this.#uids.get(keyOf(ref));
    if (uid === undefined) return;
    const { events } = await this.#open(uid);
    for (const event of events) if (event.seq > after) yield event;
  }

  async #requireTask(ref: ObjectRef, uid: string): Promise<void> {
    const task = await this.#options.client.find(TASKS, ref);
    if (task?.metadata.uid === uid) return;
    this.#logs.delete(uid);
    await rm(this.#file(uid), { force: true });
    if (task === undefined) throw notFound(TASKS, ref.name);
    throw new StatusError('Conflict', `the events are for the Task with uid ${uid}, not for this one`);
  }

  #open(uid: string): Promise<KeptLog> {
    const known = this.#logs.get(uid);
    if (known !== undefined) return known;
    const opened = this.#load(uid);
    this.#logs.set(uid, opened);
    opened.catch(() => this.#logs.delete(uid));
    return opened;
  }

  async #load(uid: string): Promise<KeptLog> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    const events = parseLines(await wholeLines(this.#file(uid)));
    return { events, last: new Map(events.map((event) => [event.source, event])), turn: Promise.resolve() };
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
      await appendFile(this.#file(taskUID), added.map((event) => `${JSON.stringify(event)}\n`).join(''), {
        mode: 0o600,
      });
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

  #file(uid: string): string {
    return join(this.#options.folder, `${uid}.jsonl`);
  }
}

const keyOf = ({ namespace = '', name }: ObjectRef): string => `${namespace}/${name}`;

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
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parseLines(text: string): TaskEvent[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as TaskEvent);
}
