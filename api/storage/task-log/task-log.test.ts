import { describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import type { TaskEvent } from '../../types/task-event.ts';
import type { StoredTaskEvent, TaskTables } from '../contract.ts';
import { StoredTaskLog } from './task-log.ts';
import { noWakeUp } from '../commits/wake-up.ts';

describe('follow', () => {
  it('sees an append that comes between its read and its wait', async () => {
    const events: StoredTaskEvent[] = [];
    let afterRead: (() => Promise<unknown>) | undefined;
    const tables: TaskTables = {
      appendTaskEvents: (batches) =>
        Promise.resolve(
          batches.map(() => {
            const seq = events.length + 1;
            events.push({ seq, source: 's', sourceSeq: seq, time: 't', type: 'text', data: '{}' });
            const appended = { lastSeq: seq, lastSourceSeq: seq, lastSourceEventSeq: seq };
            return { ok: true as const, appended, added: true };
          }),
        ),
      async readTaskEvents({ after }) {
        const page = events.filter(({ seq }) => seq > after);
        const hook = afterRead;
        afterRead = undefined;
        await hook?.();
        return page;
      },
      firstTaskEvent: () => Promise.resolve(1),
      readTaskMessages: () => Promise.resolve([]),
    };
    const limits = { maxItems: 10, maxBytes: 1_000, maxWaiting: 10, maxWaitingBytes: 10_000 };
    const log = new StoredTaskLog({
      tables,
      wakeUp: noWakeUp,
      clock: systemClock,
      polling: undefined,
      ...limits,
    });
    afterRead = () => log.append({ source: 's', taskUID: 'u', events: [] });
    const end = new AbortController();
    const following = log.follow({ taskUID: 'u', after: 0, signal: end.signal });
    const first = await following.next();
    expect((first.value as TaskEvent[]).map(({ seq }) => seq)).toEqual([1]);
    const next = following.next();
    end.abort();
    expect((await next).done).toBe(true);
    await log.close();
  });
});
