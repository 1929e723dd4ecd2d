import { describe, expect, it } from 'vitest';
import { StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import { failed, notStarted, recordedOutcome, runOutcome } from './outcome.ts';

describe('runOutcome', () => {
  it.each([
    [
      { phase: 'Succeeded', result: { value: 'v', turns: 2, costUSD: 0.5, usage: { inputTokens: 1 } } },
      {
        phase: 'Succeeded',
        reason: 'Succeeded',
        message: 'The work is done.',
        result: { value: 'v', turns: 2, costUSD: 0.5, usage: { inputTokens: 1 } },
      },
      'all as agreed',
    ],
    [
      { phase: 'Failed', reason: 'ModelError', message: '500' },
      { phase: 'Failed', reason: 'ModelError', message: '500' },
      'a failure with its reason',
    ],
    [
      { phase: 'Cancelled' },
      { phase: 'Cancelled', reason: 'Cancelled', message: 'The run was cancelled.' },
      'cancelled',
    ],
    [
      { phase: 'Failed', reason: 'ExecutorLost', message: 'again!' },
      { phase: 'Failed', reason: 'AgentFailed', message: 'again!' },
      'a sandbox may not ask for another attempt',
    ],
    [
      { phase: 'Failed', reason: 'EngineFailed', message: 'again!' },
      { phase: 'Failed', reason: 'AgentFailed', message: 'again!' },
      'not this way either',
    ],
    [
      {},
      { phase: 'Failed', reason: 'AgentFailed', message: 'The agent failed without a message.' },
      'nothing at all',
    ],
    [
      {
        phase: 'Succeeded',
        result: { value: 7, turns: -1, costUSD: 'much', usage: [], workspace: { branch: 'b', commits: 1.5 } },
      },
      {
        phase: 'Succeeded',
        reason: 'Succeeded',
        message: 'The work is done.',
        result: { value: '', workspace: { branch: 'b' } },
      },
      'what has a wrong type is left out, or the API would refuse the status',
    ],
  ])('%o', (data, want, reason) => {
    expect(runOutcome(data), reason).toEqual({ ...want, fromRunner: true });
  });

  it('leaves out what the API would refuse, however it is meant', () => {
    const workspace = { branch: 'b'.repeat(5000), commits: 2 ** 31, filesChanged: 1 };
    const result = {
      value: 'v'.repeat(4e6),
      costUSD: -1,
      turns: 2 ** 31,
      sessionId: 's'.repeat(5000),
      workspace,
    };
    const outcome = runOutcome({ phase: 'Succeeded', result });
    expect(outcome.result).toEqual({
      value: 'v'.repeat(512 * 1024),
      sessionId: 's'.repeat(1024),
      workspace: { branch: 'b'.repeat(1024), filesChanged: 1 },
    });
  });

  const LARGE = { n: 'ä'.repeat(32 * 1024) };
  const TOO_LARGE = 'The output has 65544 bytes as JSON, of at most 65536, and is left out.';
  it.each([
    {
      given: { phase: 'Succeeded', result: { value: 'v', output: { n: 'ä'.repeat(32 * 1024 - 4) } } },
      want: { phase: 'Succeeded', result: { value: 'v', output: { n: 'ä'.repeat(32 * 1024 - 4) } } },
      why: 'as large as one may be',
    },
    {
      given: { phase: 'Succeeded', result: { value: 'v', output: LARGE, warnings: ['w', 7] } },
      want: {
        ...{ phase: 'Failed', reason: 'OutputInvalid', message: TOO_LARGE },
        result: { value: 'v', warnings: [TOO_LARGE, 'w'] },
      },
      why: 'too large a one is missed by whoever reads it',
    },
    {
      given: { phase: 'Failed', reason: 'TimedOut', message: 'm', result: { output: LARGE } },
      want: {
        phase: 'Failed',
        reason: 'TimedOut',
        message: 'm',
        result: { value: '', warnings: [TOO_LARGE] },
      },
      why: 'a failure stays what it is',
    },
  ])('an output: $why', ({ given, want }) => {
    expect(runOutcome(given)).toMatchObject(want);
    expect(runOutcome(given).result).toEqual(want.result);
  });

  it('bounds the warnings together', () => {
    const warnings = Array.from({ length: 500 }, () => 'w'.repeat(4000));
    const { result } = runOutcome({ phase: 'Succeeded', result: { value: 'v', warnings } });
    expect(result?.warnings).toHaveLength(5);
    expect(result?.warnings?.at(-1)).toBe('And 496 more warnings.');
  });

  it('bounds the message', () => {
    expect(runOutcome({ phase: 'Failed', message: 'x'.repeat(10_000) }).message).toHaveLength(4096);
  });
});

describe('notStarted', () => {
  it.each<[StatusReason, string, string]>([
    ['NotFound', 'StartFailed', 'a missing Model or image'],
    ['BadRequest', 'StartFailed', 'a quantity that is none'],
    ['Conflict', 'EngineFailed', 'no free port after many tries'],
    ['InternalError', 'EngineFailed', 'the engine cannot set up a network'],
    ['Timeout', 'EngineFailed', 'the runner did not become ready'],
  ])('%s is %s', (given, want, reason) => {
    const outcome = notStarted('The sandbox could not be started', new StatusError(given, 'why'));
    expect(outcome, reason).toMatchObject({
      reason: want,
      message: 'The sandbox could not be started: why.',
    });
  });
});

describe('recordedOutcome', () => {
  const lost = failed('ContainerLost', 'It was gone.');
  it.each([
    [{ phase: 'Succeeded', result: { value: 'v' } }, 'Succeeded', 'the work was done'],
    [{ phase: 'Failed', reason: 'ModelError', message: '500' }, 'ModelError', 'so was the failure'],
    [{ phase: 'Failed', reason: 'ExecutorLost' }, 'ContainerLost', 'a loss is told anew'],
  ])('%o', (data, want, reason) => {
    expect(recordedOutcome(data, lost).reason, reason).toBe(want);
  });
});
