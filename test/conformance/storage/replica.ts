import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TaskEventAppend, TaskEventAppended } from '#api/types/tasks/task-event';
import { StorageError } from '#api/storage/contract/storage-error';
import type { ListQuery, StorageKey } from '#api/storage/contract/objects';
import type { StorageErrorCode } from '#api/storage/contract/storage-error';
import type { MysqlLimits } from '#api/storage/mysql/connections';
import type { StoreOptions } from '#api/storage/store-options';
import type { ReplicaReply, ReplicaRequest, SeenEvent, SeenObject } from './replica-messages.ts';

export interface ReplicaOptions {
  url: string;
  store?: Partial<StoreOptions>;
  mysql?: MysqlLimits;
}

type Asked = ReplicaRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

interface Pending {
  resolve(result: object): void;
  reject(error: unknown): void;
  onEvents: ((events: SeenEvent[]) => void) | undefined;
}

/** A store in a process of its own. Requests under way when it dies fail with Unavailable: their outcome is unknown. */
export class Replica implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<unknown>;
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit');
    child.on('message', (reply: ReplicaReply) => this.#onReply(reply));
    child.on('exit', () => this.#fail());
    // One that stands still would not notice that its parent has gone.
    const onExit = (): void => void child.kill('SIGKILL');
    process.once('exit', onExit);
    child.once('exit', () => process.off('exit', onExit));
    // A write to a process that was just killed.
    child.on('error', () => this.#fail());
  }

  /** Resolves when its store is open. */
  static async start({ url, store = {}, mysql = {} }: ReplicaOptions): Promise<Replica> {
    const args = [url, JSON.stringify({ options: store, mysql })];
    const child = fork(new URL('replica-process.ts', import.meta.url), args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    const replica = new Replica(child);
    await new Promise<object>((resolve, reject) => {
      replica.#pending.set(0, { resolve, reject, onEvents: undefined });
    });
    return replica;
  }

  async commit(request: Omit<Extract<Asked, { do: 'commit' }>, 'do'>): Promise<number> {
    const { revision } = (await this.#ask({ do: 'commit', ...request })) as { revision: number };
    return revision;
  }

  async get(key: StorageKey): Promise<SeenObject | undefined> {
    const { object } = (await this.#ask({ do: 'get', key })) as { object?: SeenObject };
    return object;
  }

  list(query: ListQuery): Promise<{ revision: number; items: SeenObject[] }> {
    return this.#ask({ do: 'list', query }) as Promise<{ revision: number; items: SeenObject[] }>;
  }

  append(batch: TaskEventAppend): Promise<TaskEventAppended> {
    return this.#ask({ do: 'append', batch }) as Promise<TaskEventAppended>;
  }

  /** Ends with an error only. */
  watch(resource: string, after: number, onEvents: (events: SeenEvent[]) => void): Promise<object> {
    return this.#ask({ do: 'watch', resource, after }, onEvents);
  }

  /** As a crash does. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Stops it where it is, with its connections and the locks they hold. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #ask(asked: Asked, onEvents?: (events: SeenEvent[]) => void): Promise<object> {
    if (!this.#child.connected) return Promise.reject(died());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onEvents });
      this.#child.send({ ...asked, id });
    });
  }

  #onReply(reply: ReplicaReply): void {
    const pending = this.#pending.get(reply.id);
    if ('events' in reply) {
      pending?.onEvents?.(reply.events);
      return;
    }
    this.#pending.delete(reply.id);
    if ('result' in reply) pending?.resolve(reply.result);
    else pending?.reject(new StorageError(reply.error as StorageErrorCode, reply.error));
  }

  #fail(): void {
    for (const { reject } of this.#pending.values()) reject(died());
    this.#pending.clear();
  }
}

const died = (): StorageError => new StorageError('Unavailable', 'the replica is dead');
