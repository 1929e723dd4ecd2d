import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCapacityGate } from './capacity-gate.ts';

const forever = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('capacity gate', () => {
  it('lets the first in at once and the next ones in their order', async () => {
    const gate = createCapacityGate(1);
    const order: string[] = [];
    const leaves: (() => void)[] = [];
    for (const name of ['a', 'b', 'c']) {
      void gate.enter(forever).then((leave) => {
        order.push(name);
        leaves.push(leave);
      });
    }
    await settled();
    expect(order).toEqual(['a']);
    expect(gate.isFull()).toBe(true);
    leaves[0]?.();
    leaves[0]?.();
    await settled();
    expect(order, 'giving a place back twice frees one place').toEqual(['a', 'b']);
  });

  it('forgets who stopped waiting', async () => {
    const gate = createCapacityGate(1);
    const leave = await gate.enter(forever);
    const abort = new AbortController();
    const gaveUp = gate.enter(abort.signal);
    const next = gate.enter(forever);
    abort.abort(new Error('gone'));
    await expect(gaveUp).rejects.toThrow('gone');
    leave();
    await expect(next).resolves.toBeTypeOf('function');
    await expect(gate.enter(abort.signal)).rejects.toThrow('gone');
  });

  it('never lets more in than the limit, and everybody in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 30 }),
        async (limit, count) => {
          const gate = createCapacityGate(limit);
          let inside = 0;
          let most = 0;
          const visit = async (): Promise<void> => {
            const leave = await gate.enter(forever);
            inside += 1;
            most = Math.max(most, inside);
            await settled();
            inside -= 1;
            leave();
          };
          await Promise.all(Array.from({ length: count }, visit));
          expect(most).toBeLessThanOrEqual(limit);
          expect(gate.taken()).toBe(0);
        },
      ),
    );
  });

  it('adopts what runs already, even above the limit', async () => {
    const gate = createCapacityGate(1);
    const first = gate.adopt();
    const second = gate.adopt();
    let entered = false;
    void gate.enter(forever).then(() => (entered = true));
    first();
    await settled();
    expect(entered).toBe(false);
    second();
    await settled();
    expect(entered).toBe(true);
  });
});
