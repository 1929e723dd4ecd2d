import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import { startManager } from './manager.ts';
import type { Runnable } from './manager.ts';

function recording(story: string[], name: string, ready?: () => Promise<void>): Runnable {
  return {
    name,
    ...(ready === undefined ? {} : { ready }),
    run(signal) {
      story.push(`start ${name}`);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          story.push(`stop ${name}`);
          resolve();
        });
      });
    },
  };
}

describe('startManager', () => {
  it('starts groups in order, each when the one before is ready, and stops them in reverse', async () => {
    const story: string[] = [];
    const gate = Promise.withResolvers<void>();
    const starting = startManager({
      groups: [[recording(story, 'a', () => gate.promise)], [recording(story, 'b'), recording(story, 'c')]],
    });
    await new Promise(setImmediate);
    expect(story).toEqual(['start a']);
    gate.resolve();
    const manager = await starting;
    await manager.stop();
    await manager.stop();
    expect(story).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop c', 'stop a']);
  });

  it('gives up a start that waits, and stops what runs', async () => {
    const story: string[] = [];
    const controller = new AbortController();
    const starting = startManager({
      groups: [[recording(story, 'a', () => new Promise(() => undefined))], [recording(story, 'b')]],
      signal: controller.signal,
    });
    await new Promise(setImmediate);
    controller.abort(new Error('changed my mind'));
    await expect(starting).rejects.toThrow('changed my mind');
    expect(story).toEqual(['start a', 'stop a']);
  });

  it('names what did not stop in time, and tells the rest to stop', async () => {
    const story: string[] = [];
    const clock = createManualClock();
    const stuck: Runnable = { name: 'stuck', run: () => new Promise(() => undefined) };
    const manager = await startManager({
      groups: [[recording(story, 'a')], [stuck]],
      clock,
      stopDeadlineMs: 100,
    });
    const stopping = manager.stop();
    clock.advance(100);
    await expect(stopping).rejects.toThrow('did not stop within 100 ms: stuck');
    expect(story).toEqual(['start a', 'stop a']);
  });

  it('lives on when one of its parts ends by an error', async () => {
    const story: string[] = [];
    const broken: Runnable = { name: 'broken', run: () => Promise.reject(new Error('no')) };
    const manager = await startManager({ groups: [[broken, recording(story, 'a')]] });
    await manager.stop();
    expect(story).toEqual(['start a', 'stop a']);
  });
});
