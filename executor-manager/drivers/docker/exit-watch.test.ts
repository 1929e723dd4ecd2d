import { once } from 'node:events';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { connectEngine } from './engine-connection.ts';
import { ExitWatch } from './exit-watch.ts';

const fast = { ...systemClock, after: (_: number, fn: () => void) => systemClock.after(0, fn) };

describe('exit watch', () => {
  it('asks again when the engine did not answer, though no other event comes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'exit-watch-'));
    const path = join(folder, 'engine.sock');
    let asked = 0;
    const server = createServer((request, response) => {
      // Silent for good: the container has ended before anybody listened.
      if (request.url?.includes('/events') === true) return response.writeHead(200).flushHeaders();
      asked += 1;
      if (asked < 4) return response.writeHead(500).end('{"message":"busy"}');
      const State = { Running: false, Restarting: false, Status: 'exited', ExitCode: 3, Error: '' };
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ State }));
    }).listen(path);
    await once(server, 'listening');
    const ending = new AbortController();
    const watch = new ExitWatch({
      engine: connectEngine(`unix://${path}`),
      executorName: 'e',
      owner: 'o',
      logger: silentLogger,
      clock: fast,
      signal: ending.signal,
    });
    const exit = await watch.exited('c', ending.signal);
    expect(exit.how).toBe('exited with code 3');
    ending.abort(new Error('over'));
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
});
