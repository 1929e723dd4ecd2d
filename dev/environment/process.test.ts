import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { accepts, startProcess } from './process.ts';

const node = (script: string): { command: string; args: string[] } => ({
  command: process.execPath,
  args: ['-e', script],
});

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('startProcess', () => {
  test('until() waits for what the output says, and disposing ends the process', async () => {
    let pid = 0;
    {
      await using child = await startProcess(node('console.log("ready"); setInterval(() => {}, 1000)'));
      pid = child.pid;
      await child.until({
        what: 'get ready',
        ready: () => child.output().includes('ready'),
        timeoutMs: 20_000,
      });
      expect(alive(pid)).toBe(true);
    }
    expect(alive(pid)).toBe(false);
  });

  test('a process that ignores SIGTERM is killed', async () => {
    const script = 'process.on("SIGTERM", () => {}); console.log("ready"); setInterval(() => {}, 1000)';
    const child = await startProcess({ ...node(script), patienceMs: 50 });
    await child.until({
      what: 'get ready',
      ready: () => child.output().includes('ready'),
      timeoutMs: 20_000,
    });
    await child.stop();
    expect(await child.exited).toBe('SIGKILL');
  });

  test('a process that ends before it is ready is told with its output', async () => {
    await using child = await startProcess(node('console.error("no such table"); process.exit(3)'));
    const wait = child.until({ what: 'get ready', ready: () => false, timeoutMs: 20_000 });
    await expect(wait).rejects.toThrow(/ended before it would get ready:\nno such table/);
    expect(await child.exited).toBe(3);
  });

  test('lines arrive whole, the last one without its newline too', async () => {
    const lines: string[] = [];
    const child = await startProcess({
      ...node('process.stdout.write("a\\nb"); process.stdout.write("c\\nd")'),
      onLine: (line) => lines.push(line),
    });
    await child.exited;
    expect(lines).toEqual(['a', 'bc', 'd']);
  });

  test('a program that does not exist', async () => {
    await expect(startProcess({ command: '/no/such/program', args: [] })).rejects.toThrow(/ENOENT/);
  });
});

describe('accepts', () => {
  test('tells a listening port from a closed one', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await accepts(port)).toBe(true);
    server.close();
    await once(server, 'close');
    expect(await accepts(port)).toBe(false);
  });
});
