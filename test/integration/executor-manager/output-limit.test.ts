import { expect, it } from 'vitest';
import { SANDBOXES } from '#api/types/resources';
import {
  eventLog,
  expectEachOnce,
  isOver,
  managerConfig,
  runSandbox,
  spoken,
  stage,
  startManager,
  untilGone,
  untilSandbox,
} from './stage.ts';

it('a run whose agent writes without end fails at its limit, and the log has no more than that', async () => {
  await using on = await stage();
  await using _ = await startManager(on, await managerConfig(on, { driver: 'process' }));
  const line = 'a'.repeat(1000);
  const shell = { type: 'Command' as const, command: ['sh', '-c', `yes ${line}`] };
  const logBytes = 256 * 1024;
  await runSandbox(on, { name: 'endless', prompt: 'p', spec: { shell, limits: { logBytes } } });
  const { status } = await untilSandbox(on, 'endless-s0-a1', isOver);
  const told = {
    phase: 'Failed',
    reason: 'OutputLimit',
    message: 'the agent has written more than 262144 bytes into its log, its limit',
  };
  expect(status).toMatchObject(told);
  const log = await eventLog(on, 'endless');
  expectEachOnce(log);
  expect(log.slice(-2)).toMatchObject([{ type: 'error' }, { type: 'result', data: told }]);
  const { length } = spoken(log);
  expect(length, 'what was kept stays').toBeGreaterThan(logBytes / 2);
  expect(length).toBeLessThan(logBytes);
  await on.connection.client.delete(SANDBOXES, { namespace: 'default', name: 'endless-s0-a1' });
  await untilGone(on, 'endless-s0-a1');
});
