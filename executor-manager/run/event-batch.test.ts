import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { BATCH, createEventBatches } from './event-batch.ts';
import type { RunEvent } from '../protocol/run.ts';

const forever = new AbortController().signal;
const stoppedClock: Clock = { now: () => 0, after: () => () => undefined };
const event = (seq: number, type: RunEvent['type'] = 'text'): RunEvent => ({ seq, time: '', type, data: {} });

describe('event batches', () => {
  it('give the first event at once, without waiting for others', async () => {
    const batches = createEventBatches(stoppedClock);
    await batches.put(event(1));
    expect(await batches.take(forever)).toEqual([event(1)]);
  });

  it('end a batch with the result, and with the end', async () => {
    const batches = createEventBatches(stoppedClock);
    await batches.put(event(1));
    await batches.take(forever);
    await batches.put(event(2));
    await batches.put(event(3, 'result'));
    expect((await batches.take(forever)).map((item) => item.seq)).toEqual([2, 3]);
    batches.end();
    expect(await batches.take(forever)).toEqual([]);
  });

  it('hold the reader back when nobody takes', async () => {
    const batches = createEventBatches(systemClock);
    for (let seq = 1; seq < BATCH.held; seq += 1) await batches.put(event(seq));
    let resumed = false;
    const last = batches.put(event(BATCH.held)).then(() => (resumed = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(resumed).toBe(false);
    await batches.take(forever);
    await last;
  });

  it('hold the reader back when few events are large', async () => {
    const batches = createEventBatches(systemClock);
    const big = (seq: number): RunEvent => ({ ...event(seq), data: { text: 'x'.repeat(BATCH.bytes) } });
    for (const seq of [1, 2, 3]) await batches.put(big(seq));
    let resumed = false;
    const last = batches.put(big(4)).then(() => (resumed = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(resumed).toBe(false);
    await batches.take(forever);
    await last;
  });

  it('let the reader go when nobody takes any more', async () => {
    const batches = createEventBatches(systemClock);
    for (let seq = 1; seq < BATCH.held; seq += 1) await batches.put(event(seq));
    const last = batches.put(event(BATCH.held));
    batches.abandon();
    await last;
    await batches.put(event(BATCH.held + 1));
  });

  it('count bytes, not characters: the API counts so too', async () => {
    const batches = createEventBatches(systemClock);
    const big = (seq: number): RunEvent => ({ ...event(seq), data: { text: '界'.repeat(BATCH.bytes / 4) } });
    for (const seq of [1, 2]) await batches.put(big(seq));
    expect((await batches.take(forever)).map((item) => item.seq)).toEqual([1]);
  });

  it('keep a batch below the size of a request', async () => {
    const batches = createEventBatches(systemClock);
    const big = (seq: number): RunEvent => ({ ...event(seq), data: { text: 'x'.repeat(BATCH.bytes / 2) } });
    for (const seq of [1, 2, 3]) await batches.put(big(seq));
    batches.end();
    expect((await batches.take(forever)).map((item) => item.seq)).toEqual([1]);
    expect((await batches.take(forever)).map((item) => item.seq)).toEqual([2]);
  });

  it('stop waiting when asked to', async () => {
    const abort = new AbortController();
    const taken = createEventBatches(systemClock).take(abort.signal);
    abort.abort(new Error('stop'));
    await expect(taken).rejects.toThrow('stop');
  });

  it('neither lose, double nor reorder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 600 }), async (count) => {
        const batches = createEventBatches(systemClock);
        const put = async (): Promise<void> => {
          for (let seq = 1; seq <= count; seq += 1) await batches.put(event(seq));
          batches.end();
        };
        const taken: number[] = [];
        const take = async (): Promise<void> => {
          for (;;) {
            const batch = await batches.take(forever);
            if (batch.length === 0) return;
            expect(batch.length).toBeLessThanOrEqual(BATCH.events);
            taken.push(...batch.map((item) => item.seq));
          }
        };
        await Promise.all([put(), take()]);
        expect(taken).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      }),
      { numRuns: 30 },
    );
  });
});
