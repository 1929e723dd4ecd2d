import { describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { runUntilSignal } from './lifetime.ts';

describe('runUntilSignal', () => {
  it('stops every part in reverse order when one ends by itself, and fails', async () => {
    const stopped: string[] = [];
    const broken = Promise.withResolvers<Error>();
    const code = runUntilSignal(silentLogger, (lifetime) => {
      for (const name of ['store', 'server']) {
        lifetime.add({ name, stop: () => Promise.resolve(void stopped.push(name)) });
      }
      lifetime.endWith(broken.promise);
      broken.resolve(new Error('the store stopped'));
      return Promise.resolve();
    });
    expect(await code).toBe(1);
    expect(stopped).toEqual(['server', 'store']);
    expect(process.listenerCount('SIGTERM'), 'no handler is left').toBe(0);
  });

  it('ends well after a signal', async () => {
    let stopped = false;
    const code = runUntilSignal(silentLogger, (lifetime) => {
      lifetime.add({ name: 'part', stop: () => Promise.resolve(void (stopped = true)) });
      process.emit('SIGTERM', 'SIGTERM');
      return Promise.resolve();
    });
    expect(await code).toBe(0);
    expect(stopped).toBe(true);
  });

  it('stops what was started when a later part does not start', async () => {
    let stopped = false;
    const code = runUntilSignal(silentLogger, (lifetime) => {
      lifetime.add({ name: 'part', stop: () => Promise.resolve(void (stopped = true)) });
      return Promise.reject(new Error('no port is free'));
    });
    expect(await code).toBe(1);
    expect(stopped).toBe(true);
  });
});
