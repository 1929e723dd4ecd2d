import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { processesNaming, signalTree, startTime } from './process-table.ts';

describe('the process table', () => {
  it('tells a process by when it started, and finds it by its environment', async () => {
    const mark = randomUUID();
    const child = spawn('/bin/sleep', ['60'], { env: { MARK: mark }, detached: true });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const began = await startTime(pid);
    expect(began).toMatch(/\d/);
    expect(await startTime(pid)).toBe(began);
    expect(await startTime(process.pid)).not.toBe(began);
    expect(await processesNaming(mark)).toEqual([pid]);
    signalTree(pid, 'SIGKILL');
    await once(child, 'exit');
    expect(await startTime(pid)).toBeUndefined();
    expect(await processesNaming(mark)).toEqual([]);
    signalTree(pid, 'SIGKILL');
  });
});
