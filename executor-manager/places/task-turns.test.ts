import { describe, expect, it } from 'vitest';
import { createTaskTurns } from './task-turns.ts';

const forever = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('task turns', () => {
  it('let one sandbox of a Task in at a time; other Tasks do not wait', async () => {
    const turns = createTaskTurns();
    const running = turns.adopt('a');
    const order: string[] = [];
    void turns.take('a', forever).then(() => order.push('a'));
    void turns.take('b', forever).then(() => order.push('b'));
    await settled();
    expect(order).toEqual(['b']);
    running();
    running();
    await settled();
    expect(order).toEqual(['b', 'a']);
  });

  it('forget who stopped waiting', async () => {
    const turns = createTaskTurns();
    const leave = await turns.take('a', forever);
    const abort = new AbortController();
    const waiting = turns.take('a', abort.signal);
    abort.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    leave();
    await expect(turns.take('a', forever)).resolves.toBeTypeOf('function');
  });
});
