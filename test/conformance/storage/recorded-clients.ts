import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '#api/storage/contract/storage-error';
import type { StorageKey } from '#api/storage/contract/objects';
import type { Answer, Asked, ObjectOperation, Refusal, RevisionMark } from '../../kit/object-history.ts';
import type { Random } from '#dev/random';
import type { SeenObject } from './replica-messages.ts';

/** A replica as its clients see it; what a negative control stands between. */
export interface Served {
  commit(request: {
    mutation: { op: 'create' | 'update' | 'delete'; key: StorageKey; expectedRevision: number };
    value?: string;
  }): Promise<number>;
  get(key: StorageKey): Promise<SeenObject | undefined>;
  list(query: { resource: string }): Promise<{ revision: number; items: SeenObject[] }>;
}

export interface ClientsOptions {
  /** The replica to ask next. */
  choose(): Promise<Served>;
  resource: string;
  names: readonly string[];
  count: number;
  random: Random;
}

/** Every client does one thing after the other: it must not go on without knowing how the last one ended. */
export class RecordedClients {
  readonly history: ObjectOperation[] = [];
  readonly marks: RevisionMark[] = [];
  readonly lists: { revision: number; items: SeenObject[] }[] = [];
  /** What no client should be told. */
  readonly surprises: string[] = [];
  readonly #options: ClientsOptions;
  readonly #running: Promise<unknown>;
  #stopped = false;
  #writes = 0;
  #waiting: { writes: number; resolve: () => void }[] = [];

  constructor(options: ClientsOptions) {
    this.#options = options;
    const names = Array.from({ length: options.count }, (_, i) => `c${i}`);
    this.#running = Promise.all(names.map((name) => this.#run(name)));
  }

  /** Acknowledged writes. */
  get writes(): number {
    return this.#writes;
  }

  /** Resolves when so many more writes were acknowledged. */
  wrote(more: number): Promise<void> {
    const writes = this.#writes + more;
    return new Promise((resolve) => {
      this.#waiting.push({ writes, resolve });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(client: string): Promise<void> {
    const { random, names, choose } = this.#options;
    /** The revisions that this client was told last. */
    const known = new Map<string, number>();
    for (let n = 0; !this.#stopped; n++) {
      const name = random.pick(names);
      const asked = this.#next(known.get(name) ?? random.below(20), `${client}-${n}`);
      const served = await choose();
      if (asked === 'list') await this.#list(client, { served, known });
      else await this.#ask({ client, name, asked }, { served, known });
    }
  }

  #next(expected: number, value: string): Asked | 'list' {
    const choice = this.#options.random.below(20);
    if (choice < 1) return 'list';
    if (choice < 7) return { op: 'get' };
    if (choice < 10) return { op: 'create', value };
    if (choice < 18) return { op: 'update', value, expected };
    return { op: 'delete', expected };
  }

  async #ask(
    { client, name, asked }: { client: string; name: string; asked: Asked },
    { served, known }: { served: Served; known: Map<string, number> },
  ): Promise<void> {
    const called = performance.now();
    const answer = await this.#send(served, { asked, name });
    const ended = performance.now();
    const returned = answer.is === 'unknown' ? Number.POSITIVE_INFINITY : ended;
    if (answer.is === 'found' || answer.is === 'written') known.set(name, answer.revision);
    if (answer.is === 'written') {
      this.marks.push({
        what: `${client} ${asked.op} ${name}`,
        called,
        returned,
        revision: answer.revision,
        isWrite: true,
      });
      this.#onWrite();
    }
    if (answer.is === 'unknown') await delay(BACK_OFF_MS);
    // A read that failed says nothing.
    if (asked.op === 'get' && answer.is === 'unknown') return;
    this.history.push({ client, name, called, returned, action: { ...asked, answer } });
  }

  async #send(served: Served, { asked, name }: { asked: Asked; name: string }): Promise<Answer> {
    const key = { resource: this.#options.resource, namespace: '', name };
    try {
      if (asked.op === 'get') {
        const found = await served.get(key);
        return found === undefined ? { is: 'absent' } : { is: 'found', ...found };
      }
      const expectedRevision = asked.op === 'create' ? 0 : asked.expected;
      const value = asked.op === 'delete' ? {} : { value: asked.value };
      const revision = await served.commit({ mutation: { op: asked.op, key, expectedRevision }, ...value });
      return { is: 'written', revision };
    } catch (error) {
      return this.#refusal(error) ?? { is: 'unknown' };
    }
  }

  /** A list is a read of every name, and its own revision is judged besides. */
  async #list(
    client: string,
    { served, known }: { served: Served; known: Map<string, number> },
  ): Promise<void> {
    const { resource, names } = this.#options;
    const called = performance.now();
    const list = await served.list({ resource }).catch((error: unknown) => void this.#refusal(error));
    if (list === undefined) return;
    const returned = performance.now();
    this.lists.push(list);
    this.marks.push({
      what: `${client} list`,
      called,
      returned,
      revision: list.revision,
      isWrite: false,
    });
    const items = new Map(list.items.map((item) => [item.name, item]));
    for (const name of names) {
      const item = items.get(name);
      if (item !== undefined) known.set(name, item.revision);
      const answer: Answer = item === undefined ? { is: 'absent' } : { is: 'found', ...item };
      this.history.push({ client, name, called, returned, action: { op: 'get', answer } });
    }
  }

  #refusal(error: unknown): Answer | undefined {
    if (error instanceof StorageError) {
      if (REFUSALS.has(error.code)) return { is: 'refused', code: error.code as Refusal };
      if (TROUBLE.has(error.code)) return undefined;
    }
    this.surprises.push(String(error));
    return undefined;
  }

  #onWrite(): void {
    this.#writes++;
    const ready = this.#waiting.filter(({ writes }) => writes <= this.#writes);
    this.#waiting = this.#waiting.filter(({ writes }) => writes > this.#writes);
    for (const { resolve } of ready) resolve();
  }
}

/** As clients do after a failure; without it an outage would be a history of nothing but failures. */
const BACK_OFF_MS = 20;

const REFUSALS = new Set<string>(['Exists', 'NotFound', 'Conflict']);

/** The outcome is unknown to the client. */
const TROUBLE = new Set<string>(['Unavailable', 'OutcomeUnknown', 'Closed', 'FutureRevision']);
