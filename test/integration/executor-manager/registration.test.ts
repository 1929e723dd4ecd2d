import { hostname, totalmem } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXECUTORS } from '#api/types/resources';
import { readExecutorManagerConfig } from '#executor-manager/config';
import type { ConfigOverrides, ExecutorManagerConfig } from '#executor-manager/config';
import { EXECUTOR, managerConfig, stage, startManager, untilExecutor } from './stage.ts';
import type { Stage } from './stage.ts';

const PREFIX = 'executor.agent.wecode.io/';
const FOUND = {
  [`${PREFIX}runtime`]: 'process',
  [`${PREFIX}arch`]: expect.any(String),
  [`${PREFIX}os`]: 'linux',
};

let on: Stage;
beforeAll(async () => {
  on = await stage();
});
afterAll(() => on[Symbol.asyncDispose]());

async function configured(overrides: ConfigOverrides): Promise<ExecutorManagerConfig> {
  const { heartbeat, labels } = readExecutorManagerConfig({}, overrides);
  return { ...(await managerConfig(on, { driver: 'process' })), heartbeat, labels };
}

it('an executor reports its times and its labels, and leaves those of people alone', async () => {
  const first = await configured({
    heartbeat: { intervalSeconds: 60, lostAfterSeconds: 120 },
    labels: [`${PREFIX}gpu=a100`],
  });
  {
    await using _manager = await startManager(on, first);
    const { metadata, status } = await untilExecutor(on, ({ metadata: { labels } }) => labels !== undefined);
    expect(metadata.labels).toEqual({ ...FOUND, [`${PREFIX}gpu`]: 'a100' });
    expect(status?.heartbeat ?? {}).toEqual({ intervalSeconds: 60, lostAfterSeconds: 120 });
  }
  const { client } = on.connection;
  const labels = { zone: 'a', [`${PREFIX}os`]: 'plan9' };
  await client.patch(EXECUTORS, { name: EXECUTOR }, { type: 'merge', body: { metadata: { labels } } });
  await using _manager = await startManager(on, await configured({}));
  const { metadata, status } = await untilExecutor(
    on,
    (executor) => executor.status?.heartbeat?.lostAfterSeconds === 40,
  );
  expect(metadata.labels, 'its own are as it says, a label that it no longer has is gone').toEqual({
    ...FOUND,
    zone: 'a',
  });
  expect(status?.conditions?.[0]).toMatchObject({ type: 'Ready', status: 'True' });
  expect(status?.machine).toMatchObject({ hostname: hostname(), memoryBytes: totalmem() });
  expect(status?.machine?.load).toMatch(/^\d+\.\d\d$/);
});
