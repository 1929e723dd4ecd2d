import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import type { RunLimits, RunUsage } from '#executor-manager/protocol/run';
import type { EventData } from '../events/event-spool.ts';
import type { RunFailure } from '../run-failure.ts';
import { Meter } from './run-meter.ts';

function metered(limits?: RunLimits) {
  const clock = createManualClock();
  const events: EventData[] = [];
  const failures: RunFailure[] = [];
  const meter = new Meter({
    limits,
    clock,
    events: { emit: (_, data) => void events.push(data) },
    onLimit: (failure) => void failures.push(failure),
  });
  return { meter, clock, events, failures };
}

const tokens = (inputTokens: number, outputTokens: number): RunUsage => ({
  inputTokens,
  outputTokens,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
});

describe('usage', () => {
  it('of answers is summed, beside the cost that the program tells', () => {
    const { meter } = metered();
    meter.answer('a', tokens(10, 5));
    meter.cost('a', 0.1);
    meter.answer('a', tokens(1, 1));
    meter.closeTurn();
    meter.answer('a', tokens(100, 50));
    expect(meter.totals()).toMatchObject({ usage: tokens(111, 56), costUSD: 0.1 });
  });

  it('of answers does not count where the program tells its own', () => {
    const { meter } = metered();
    meter.programCounts();
    meter.answer('a', tokens(10, 5));
    meter.usage('a', tokens(10, 5));
    expect(meter.totals().usage).toEqual(tokens(10, 5));
  });

  it('is summed over models and over the turns of the adapter, and cost in whole millionths', () => {
    const { meter, events } = metered();
    meter.usage('a', tokens(10, 5), 0.1);
    meter.usage('a', tokens(20, 10), 0.2);
    meter.usage('b', tokens(1000, 500));
    meter.closeTurn();
    meter.usage('a', tokens(1, 1), 0.1);
    expect(meter.totals()).toEqual({
      usage: tokens(1021, 511),
      costUSD: 0.3,
      models: { a: { ...tokens(21, 11), costUSD: 0.3 }, b: tokens(1000, 500) },
    });
    expect(events.at(-1), 'the event has the sum of the model').toEqual({
      ...tokens(21, 11),
      costUSD: 0.3,
      model: 'a',
    });
  });

  it('is absent where nothing is known', () => {
    const { meter } = metered();
    expect(meter.totals()).toEqual({});
    meter.turn();
    expect(meter.totals()).toEqual({ turns: 1 });
  });
});

describe('limits', () => {
  it.each([
    {
      reason: 'TurnLimit',
      limits: { turns: 2 },
      act: (meter: Meter) => [1, 2, 3].forEach(() => meter.turn()),
      message: 'the agent has called its model 2 times, its limit',
    },
    {
      reason: 'CostLimit',
      limits: { costUSD: 0.5 },
      act: (meter: Meter) => {
        meter.usage('a', tokens(1, 1), 0.51);
        meter.turn();
      },
      message: 'the run has cost $0.51; its limit is $0.5',
    },
    {
      reason: 'TokenLimit',
      limits: { tokens: 10 },
      act: (meter: Meter) => {
        meter.usage('a', { ...tokens(3, 1), cacheReadTokens: 6 });
        meter.answer('b', tokens(1, 0));
        meter.toolCall('Bash', {});
      },
      message: 'the run has used up 11 tokens; its limit is 10',
    },
    {
      reason: 'Repetition',
      limits: { repeatedCalls: 2 },
      act: (meter: Meter) => [1, 2, 3].forEach(() => meter.toolCall('Bash', { command: 'true' })),
      message: 'the agent has called Bash 2 times in a row with the same input',
    },
  ])('$reason', ({ reason, limits, act, message }) => {
    const { meter, failures } = metered(limits);
    act(meter);
    expect(failures[0]).toMatchObject({ reason, message });
  });

  describe('of tokens and cost', () => {
    const beyond = (meter: Meter): void => meter.usage('a', tokens(5, 6), 0.6);
    it.each<[why: string, act: (meter: Meter) => void]>([
      ['the answer is whole', beyond],
      [
        'a program corrects its counts with its result',
        (meter) => {
          beyond(meter);
          meter.answered();
          meter.usage('a', tokens(7, 7), 0.7);
        },
      ],
      ['a service has counted the last answer', (meter) => meter.answer('a', tokens(5, 6))],
    ])('leave a run its answer: %s', (_, act) => {
      const { meter, failures } = metered({ tokens: 10 });
      act(meter);
      expect(failures).toEqual([]);
      expect(meter.warnings()).toEqual([
        expect.stringMatching(/^Beyond a limit, and done: .* limit is 10\.$/),
      ]);
      expect(meter.refusal(), 'nothing follows').toMatchObject({ reason: 'TokenLimit' });
    });

    it.each<[why: string, act: (meter: Meter) => void]>([
      [
        'a tool of the answer was told before its tokens',
        (meter) => {
          meter.toolCall('Bash', {});
          beyond(meter);
        },
      ],
      [
        'its tools are told after it',
        (meter) => {
          beyond(meter);
          meter.toolCall('Bash', {});
        },
      ],
      [
        'the model is called again',
        (meter) => {
          beyond(meter);
          meter.turn();
        },
      ],
      [
        'the model has answered again',
        (meter) => {
          beyond(meter);
          meter.usage('a', tokens(9, 9));
        },
      ],
      ['the service says that the answer calls tools', (meter) => meter.answer('a', tokens(5, 6), true)],
      [
        'words of a person begin a further turn',
        (meter) => {
          beyond(meter);
          meter.answered();
          meter.turn();
        },
      ],
    ])('end one that goes on: %s', (_, act) => {
      const { meter, failures } = metered({ tokens: 10 });
      act(meter);
      expect(failures[0]).toMatchObject({ reason: 'TokenLimit' });
    });
  });

  it('calls that differ are no repetition', () => {
    const { meter, failures } = metered({ repeatedCalls: 1 });
    for (const command of ['a', 'b', 'a', 'b']) meter.toolCall('Bash', { command });
    expect(failures).toEqual([]);
  });

  it.each([
    ['forward by a day', 86_400_000],
    ['back by a day', -86_400_000],
  ])('idle time is the same when the clock on the wall is set %s', (_, byMs) => {
    const clock = createManualClock();
    let set = 0;
    const failures: RunFailure[] = [];
    const meter = new Meter({
      ...{ limits: { idleSeconds: 10 }, events: { emit: () => undefined } },
      clock: { ...clock, now: () => clock.now() + set },
      onLimit: (failure) => void failures.push(failure),
    });
    meter.watchIdle();
    clock.advance(5000);
    meter.alive();
    set = byMs;
    clock.advance(9000);
    expect(failures).toEqual([]);
    clock.advance(1000);
    expect(failures).toMatchObject([{ reason: 'IdleLimit' }]);
  });

  it('idle time runs from the last sign of life, and not while a person is asked', () => {
    const { meter, clock, failures } = metered({ idleSeconds: 10 });
    meter.watchIdle();
    clock.advance(9000);
    meter.alive();
    clock.advance(9000);
    expect(failures).toEqual([]);
    meter.stopIdle();
    clock.advance(60_000);
    expect(failures).toEqual([]);
    meter.watchIdle();
    clock.advance(10_000);
    expect(failures[0]).toMatchObject({
      reason: 'IdleLimit',
      message: 'the agent gave no sign of life for 10 s',
    });
    expect(clock.pending, 'no timer is left').toBe(0);
  });
});
