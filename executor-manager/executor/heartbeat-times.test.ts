import { expect, it } from 'vitest';
import { heartbeatTimes } from './heartbeat-times.ts';

it.each([
  { given: {}, want: { intervalSeconds: 10, lostAfterSeconds: 40 }, why: 'the defaults' },
  {
    given: { intervalSeconds: 60 },
    want: { intervalSeconds: 60, lostAfterSeconds: 240 },
    why: 'four intervals',
  },
  {
    given: { intervalSeconds: 60, lostAfterSeconds: 120 },
    want: { intervalSeconds: 60, lostAfterSeconds: 120 },
    why: 'as short as it may be',
  },
  {
    given: { intervalSeconds: 1800 },
    want: { intervalSeconds: 1800, lostAfterSeconds: 3600 },
    why: 'never above the most',
  },
])('$why', ({ given, want }) => {
  expect(heartbeatTimes(given)).toEqual(want);
});

it.each([
  {
    given: { intervalSeconds: 60, lostAfterSeconds: 119 },
    message: '--heartbeat-lost-after (119s) must be at least twice --heartbeat-interval (60s)',
  },
  {
    given: { lostAfterSeconds: 15 },
    message: '--heartbeat-lost-after (15s) must be at least twice --heartbeat-interval (10s)',
  },
  {
    given: { intervalSeconds: 0 },
    message: '--heartbeat-interval must be whole seconds from 1s to 1h, not 0s',
  },
  {
    given: { intervalSeconds: 1.5 },
    message: '--heartbeat-interval must be whole seconds from 1s to 1h, not 1.5s',
  },
  {
    given: { lostAfterSeconds: 3601 },
    message: '--heartbeat-lost-after must be whole seconds from 1s to 1h, not 3601s',
  },
  {
    given: { intervalSeconds: 2000 },
    message: '--heartbeat-lost-after (3600s) must be at least twice --heartbeat-interval (2000s)',
  },
])('$message', ({ given, message }) => {
  expect(() => heartbeatTimes(given)).toThrow(message);
});
