import { expect, it } from 'vitest';
import { sumOf } from './statistics.ts';

const task = (status: object) => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name: 't' },
  status,
});

it('sums up Tasks, whatever they have told', () => {
  const usage = { inputTokens: 10, outputTokens: 2, cacheReadTokens: 5 };
  expect(
    sumOf([
      task({ status: 'COMPLETED', result: { value: 'x', usage, costUSD: 0.25 } }),
      task({ status: 'COMPLETED', result: { usage } }),
      task({ status: 'FAILED', result: { usage: 'many', costUSD: 'much' } }),
      task({}),
    ]),
  ).toEqual({
    tasks: { total: 4, by_status: { COMPLETED: 2, FAILED: 1, PENDING: 1 } },
    tokens: { input: 20, output: 4, cache_read: 10, cache_write: 0 },
    cost_usd: 0.25,
  });
});
