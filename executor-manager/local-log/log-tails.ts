import type { Client } from '#api/client/client';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { Clock } from '#api/machinery/clock';
import type { ObjectRef } from '#api/machinery/resource-type';
import { SANDBOXES } from '#api/types/resources';
import type { TaskEvent } from '#api/types/tasks/task-event';

/** An object of a cluster may have about 1.5 MB (etcd), and each change of it goes to all who watch. */
const MOST_BYTES = 64 * 1024;
/** Milliseconds between two writes of one Sandbox while it runs. */
const WRITE_EVERY = 2000;

export interface LogTailsOptions {
  client: Pick<Client, 'patch'>;
  clock: Clock;
  logger: Logger;
}

/** Shows the last events of runs in status.log of their Sandboxes. */
export class LogTails {
  readonly #options: LogTailsOptions;
  /** When each was written last. */
  readonly #written = new Map<string, number>();

  constructor(options: LogTailsOptions) {
    this.#options = options;
  }

  /** `read` is asked where something is written. `isEnd`: nothing follows that would show them, so they are written now. A failure is logged: the run goes on. */
  async show(sandbox: ObjectRef, read: () => readonly TaskEvent[], isEnd: boolean): Promise<void> {
    const { client, clock, logger } = this.#options;
    const key = `${sandbox.namespace ?? ''}/${sandbox.name}`;
    const now = clock.now();
    const isSoon = now - (this.#written.get(key) ?? -Infinity) < WRITE_EVERY;
    if (isSoon && !isEnd) return;
    const events = read();
    if (events.length === 0) return;
    if (isEnd) this.#written.delete(key);
    else this.#written.set(key, now);
    try {
      const body = { status: { log: tailOf(events) } };
      await client.patch(SANDBOXES, sandbox, { type: 'merge', subresource: 'status', body });
    } catch (error) {
      logger.warn('the log of a run is not shown in its Sandbox', {
        ...sandbox,
        cause: describeError(error),
      });
    }
  }
}

/** The last events that fit, one JSON object a line. */
export function tailOf(events: readonly TaskEvent[]): string {
  const lines: string[] = [];
  let room = MOST_BYTES;
  for (const event of events.toReversed()) {
    const line = `${JSON.stringify(event)}\n`;
    room -= Buffer.byteLength(line);
    if (room < 0) break;
    lines.push(line);
  }
  return lines.toReversed().join('');
}
