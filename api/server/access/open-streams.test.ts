import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { createManualClock } from '../../machinery/manual-clock.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import { OpenStreams } from './open-streams.ts';

const jane: User = { name: 'jane', uid: '1', groups: [] };
const clock = createManualClock(0);
let rightsChanged = (): void => undefined;
const streams: OpenStreams[] = [];
afterEach(() => streams.splice(0).forEach((one) => one.stop()));

function opened(judge: () => Promise<{ user: User }>) {
  const all = new OpenStreams({
    clock,
    logger: silentLogger,
    onRightsChanged(listener) {
      rightsChanged = listener;
      return () => undefined;
    },
  });
  streams.push(all);
  return { all, stream: all.add({ user: jane, judge }) };
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await setImmediate();
}

it.each<[string, () => Promise<{ user: User }>, boolean]>([
  ['the right is there', async () => ({ user: { ...jane } }), false],
  ['the right is gone', () => Promise.reject(new StatusError('Forbidden', 'no')), true],
  ['the user is gone', () => Promise.reject(new StatusError('Unauthorized', 'no')), true],
  ['the name is of somebody else', async () => ({ user: { ...jane, uid: '2' } }), true],
  ['nobody can tell', () => Promise.reject(new StatusError('ServiceUnavailable', 'later')), false],
])('when %s: a stream ends, %s', async (_case, judge, ends) => {
  const { stream } = opened(judge);
  await pass(29_999);
  expect(stream.signal.aborted).toBe(false);
  await pass(1);
  expect(stream.signal.aborted).toBe(ends);
});

it('a change of rights is looked at soon, and many changes once', async () => {
  let asked = 0;
  const { stream, all } = opened(() => {
    asked += 1;
    return Promise.reject(new StatusError('Forbidden', 'no'));
  });
  rightsChanged();
  rightsChanged();
  await pass(2_000);
  expect([asked, stream.signal.aborted]).toEqual([1, true]);
  stream[Symbol.dispose]();
  expect(all.size).toBe(0);
});
