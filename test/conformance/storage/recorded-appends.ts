import { setTimeout as delay } from 'node:timers/promises';
import type { TaskEventAppend } from '#api/types/tasks/task-event';
import type { StoreTables } from '../../kit/store-tables.ts';
import type { Cluster } from './cluster.ts';
import type { Random } from '#dev/random';

const EVENTS = 3;
const BACK_OFF_MS = 20;

/** Sources that write one log, each through any replica, and ask again when they got no answer. */
export class RecordedAppends {
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #acknowledged = new Map<string, number>();
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
    this.#running = Promise.all(['s0', 's1', 's2'].map((source) => this.#run(source)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** One line for each acknowledged event that is not there, and for each half of an append. */
  *findLost({ taskSources, taskMessages }: StoreTables): Generator<string> {
    let batches = 0;
    for (const { source, lastSourceSeq } of taskSources) {
      const acknowledged = this.#acknowledged.get(source) ?? 0;
      if (lastSourceSeq < acknowledged)
        yield `${source}: ${lastSourceSeq} of ${acknowledged} events are there`;
      if (lastSourceSeq % EVENTS !== 0) yield `${source}: ${lastSourceSeq} events are no whole appends`;
      batches += lastSourceSeq / EVENTS;
    }
    if (taskMessages.length !== batches) yield `${taskMessages.length} messages with ${batches} appends`;
  }

  get events(): number {
    return [...this.#acknowledged.values()].reduce((sum, n) => sum + n, 0);
  }

  async #run(source: string): Promise<void> {
    while (!this.#stopped) {
      const known = this.#acknowledged.get(source) ?? 0;
      const replica = await this.#cluster.at(this.#random.pick(this.#cluster.places));
      try {
        const { lastSourceSeq } = await replica.append(batch(source, known));
        this.#acknowledged.set(source, lastSourceSeq);
      } catch {
        // Whether it happened or not, the same again is right.
        await delay(BACK_OFF_MS);
      }
    }
  }
}

function batch(source: string, after: number): TaskEventAppend {
  const time = '2026-01-02T03:04:05.000006Z';
  const events = Array.from({ length: EVENTS }, (_, i) => ({
    sourceSeq: after + i + 1,
    time,
    type: 'text' as const,
    data: {},
  }));
  return { source, taskUID: 'task', events, messages: [{ role: 'USER', content: source, time }] };
}
