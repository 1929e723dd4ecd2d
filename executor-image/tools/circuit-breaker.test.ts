import { expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { CircuitState } from './circuit-breaker.ts';

function made(failures = 2) {
  const states: CircuitState[] = [];
  let now = 0;
  const clock = { now: () => now, elapsed: () => now, after: () => () => undefined };
  const breaker = new CircuitBreaker({ failures, clock, onChange: (state) => states.push(state) });
  const call = (outcome: 'succeeded' | 'failed' | 'undecided'): number | undefined => {
    const seconds = breaker.enter();
    if (seconds === undefined) breaker[outcome]();
    return seconds;
  };
  return { breaker, states, call, pass: (ms: number) => void (now += ms) };
}

it('opens after failures in a row, and lets one probe pass after a while', () => {
  const { states, call, pass } = made();
  call('failed');
  call('succeeded');
  call('failed');
  expect(states, 'a success in between counts').toEqual([]);
  call('failed');
  expect(call('failed')).toBe(15);
  pass(15_000);
  expect(call('succeeded')).toBeUndefined();
  expect(states).toEqual(['open', 'half-open', 'closed']);
});

it('stays open for longer with each probe that fails, up to five minutes', () => {
  const { call, pass } = made(1);
  const waits: (number | undefined)[] = [];
  call('failed');
  for (let round = 0; round < 7; round += 1) {
    const wait = call('failed');
    waits.push(wait);
    pass((wait ?? 0) * 1000);
    expect(call('failed'), 'the probe').toBeUndefined();
  }
  expect(waits).toEqual([15, 30, 60, 120, 240, 300, 300]);
});

it('lets no second call pass while the probe is under way', () => {
  const { breaker, call, pass } = made(1);
  call('failed');
  pass(15_000);
  expect(breaker.enter()).toBeUndefined();
  expect(breaker.enter()).toBe(1);
  breaker.undecided();
  expect(breaker.enter(), 'a probe that was given up is made again').toBeUndefined();
});
