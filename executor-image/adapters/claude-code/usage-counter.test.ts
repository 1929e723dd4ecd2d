import { expect, it } from 'vitest';
import type { RunUsage } from '#executor-manager/protocol/run';
import { UsageCounter } from './usage-counter.ts';

function counting() {
  const last = new Map<string, RunUsage & { costUSD?: number | undefined }>();
  const counter = new UsageCounter({
    usage: (model, usage, costUSD) => void last.set(model, { ...usage, costUSD }),
  });
  return { counter, of: (model: string) => last.get(model) };
}

const NONE = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUSD: undefined };

it('counts calls as they come, with what their end adds', () => {
  const { counter, of } = counting();
  counter.begin('m1', 'm', { input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 3 });
  counter.end('m1', { output_tokens: 5 });
  counter.begin('m2', 'm', { input_tokens: 20, output_tokens: 1 });
  counter.end('m2', { input_tokens: 20, output_tokens: 7 });
  counter.whole('m1', 'm', { input_tokens: 10, output_tokens: 1 });
  expect(of('m'), 'the same call again does not count again').toEqual({
    ...NONE,
    inputTokens: 30,
    outputTokens: 12,
    cacheReadTokens: 3,
  });
});

it('a result takes the place of the calls before it: it knows those of agents and of compactions', () => {
  const { counter, of } = counting();
  counter.begin('m1', 'm', { input_tokens: 10 });
  counter.end('m1', { output_tokens: 5 });
  counter.whole('m2', 'm', { input_tokens: 1000, output_tokens: 1 });
  expect(of('m')).toMatchObject({ inputTokens: 1010, outputTokens: 6 });
  counter.result({
    type: 'result',
    model_usage_since_last_result: {
      m: { inputTokens: 2020, outputTokens: 1010, costUSD: 0.5 },
      small: { inputTokens: 7, outputTokens: 1, costUSD: 0.25 },
    },
  });
  expect(of('m')).toMatchObject({ inputTokens: 2020, outputTokens: 1010, costUSD: 0.5 });
  expect(of('small')).toMatchObject({ inputTokens: 7, outputTokens: 1, costUSD: 0.25 });
});

it('several results add up, and calls after one add to it', () => {
  const { counter, of } = counting();
  const used = { m: { inputTokens: 10, outputTokens: 5, costUSD: 0.1 } };
  counter.result({ type: 'result', model_usage_since_last_result: used });
  counter.begin('m1', 'm', { input_tokens: 3 });
  counter.end('m1', { output_tokens: 2 });
  expect(of('m')).toMatchObject({ inputTokens: 13, outputTokens: 7, costUSD: 0.1 });
  counter.result({ type: 'result', model_usage_since_last_result: used });
  expect(of('m')).toMatchObject({ inputTokens: 20, outputTokens: 10, costUSD: 0.2 });
  counter.end('m1', { output_tokens: 999 });
  expect(of('m'), 'settled already').toMatchObject({ outputTokens: 10 });
});

it('a call that was cut off counts with what it has read', () => {
  const { counter, of } = counting();
  counter.begin('m1', 'm', { input_tokens: 10, output_tokens: 1 });
  expect(of('m')).toBeUndefined();
  counter.close();
  expect(of('m')).toMatchObject({ inputTokens: 10, outputTokens: 1 });
});

it('a result that does not say what was used up leaves the calls as they are', () => {
  const { counter, of } = counting();
  counter.begin('m1', 'm', { input_tokens: 10 });
  counter.result({ type: 'result' });
  counter.close();
  expect(of('m')).toMatchObject({ inputTokens: 10 });
});
