import { backOffDelay } from '#api/machinery/back-off';
import { sleep } from '#api/machinery/clock';
import type { ObjectRef } from '#api/machinery/resource-type';
import { isLostConnection } from '#api/client/transport-error';
import { isStatusError } from '#api/machinery/status-error';
import type { TaskEvent } from '#api/types/tasks/task-event';
import type { Session } from './session.ts';
import { isFinal, TASKS } from './task.ts';

export interface TaskLogFollowOptions {
  ref: ObjectRef;
  /** Begin after this number. */
  after: number;
  /** Go on until the Task is final or gone. */
  follow: boolean;
  signal?: AbortSignal;
}

/** While the server is away. */
const BACK_OFF = { first: 200, max: 5000 };

/**
 * Every event once and in order. When the server goes away during a follow, whether it says good-bye or not, reads
 * on after the last number as soon as it is back.
 */
export async function* readTaskLog(
  session: Session,
  options: TaskLogFollowOptions,
): AsyncGenerator<TaskEvent, void, undefined> {
  const { ref, signal } = options;
  let last = options.after;
  let follow = options.follow;
  let failures = 0;
  for (;;) {
    const opened = session.context.clock.now();
    try {
      const read = { after: last, follow, ...(signal === undefined ? {} : { signal }) };
      for await (const event of session.connection.taskLog.read(ref, read)) {
        failures = 0;
        last = event.seq;
        yield event;
      }
      if (!follow) return;
      // A server that shuts down ends the stream as one does that has no more to say. Of a final Task one
      // more look at the log is enough; nothing is added to it any more.
      follow = !isFinal(await session.connection.client.get(TASKS, ref));
      if (follow) await sleep(session.context.clock, 100, signal);
    } catch (error) {
      if (isStatusError(error, 'NotFound') && last > options.after) return;
      const away = isStatusError(error, 'ServiceUnavailable') || isStatusError(error, 'TooManyRequests');
      if (!options.follow || !away) throw error;
      // Proxies on the way cut streams on which nothing moves. Such a stream is opened again without a word.
      if (isLostConnection(error) && session.context.clock.now() - opened > BACK_OFF.max) failures = 0;
      failures += 1;
      if (failures === 2)
        session.context.stderr.write(`${session.connection.server} is away, waiting for it\n`);
      await sleep(session.context.clock, backOffDelay(BACK_OFF, failures), signal);
    }
  }
}
