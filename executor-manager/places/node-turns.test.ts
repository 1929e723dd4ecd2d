import { describe, expect, it } from 'vitest';
import { createNodeTurns } from './node-turns.ts';

const forever = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const key = (taskUID: string, node: string) => ({ taskUID, node });

describe('node turns', () => {
  it('let one run of a node in at a time; other nodes and other Tasks do not wait', async () => {
    const turns = createNodeTurns();
    const running = turns.adopt(key('a', 's0'));
    const order: string[] = [];
    for (const [taskUID, node] of [
      ['a', 's0'],
      ['a', 's1'],
      ['b', 's0'],
    ] as const) {
      void turns.take(key(taskUID, node), forever).then(() => order.push(`${taskUID}/${node}`));
    }
    await settled();
    expect(order).toEqual(['a/s1', 'b/s0']);
    running();
    running();
    await settled();
    expect(order).toEqual(['a/s1', 'b/s0', 'a/s0']);
  });

  it('forget who stopped waiting', async () => {
    const turns = createNodeTurns();
    const leave = await turns.take(key('a', 's0'), forever);
    const abort = new AbortController();
    const waiting = turns.take(key('a', 's0'), abort.signal);
    abort.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    leave();
    await expect(turns.take(key('a', 's0'), forever)).resolves.toBeTypeOf('function');
  });
});
