import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import type { RunAnswer, RunPermissions, RunQuestion } from '#executor-manager/protocol/run';
import type { EventData } from '../events/event-spool.ts';
import type { RunSuspended } from '../run-failure.ts';
import { PermissionDesk, judge } from './permissions.ts';

function desk(
  policy: RunPermissions | undefined,
  options: { answers?: RunAnswer[]; canSuspend?: boolean } = {},
) {
  const clock = createManualClock();
  const events: [string, EventData][] = [];
  const waiting: boolean[] = [];
  const suspensions: RunSuspended[] = [];
  const stop = new AbortController();
  const made = new PermissionDesk({
    policy,
    answers: options.answers ?? [],
    canSuspend: options.canSuspend ?? true,
    ...{ runId: '01234567-89ab', clock },
    events: { emit: (type, data) => void events.push([type, data]) },
    onWaiting: (is) => void waiting.push(is),
    onSuspend(suspended) {
      suspensions.push(suspended);
      stop.abort(suspended);
    },
  });
  return { desk: made, clock, events, waiting, suspensions, signal: stop.signal };
}

const ask: RunPermissions = { default: 'ask', waitSeconds: 60 };
const call = { tool: 'Bash', input: { command: 'make' } };

describe('the policy', () => {
  it.each([
    { policy: undefined, decision: 'allow', why: 'the sandbox is the barrier' },
    { policy: {}, decision: 'allow', why: 'nothing decides' },
    { policy: { default: 'deny' }, decision: 'deny', why: 'the default' },
    { policy: { default: 'deny', levels: { privileged: 'ask' } }, decision: 'ask', why: 'the level' },
    { policy: { levels: { readOnly: 'deny' } }, decision: 'allow', why: 'another level' },
    {
      policy: { rules: [{ tool: 'mcp__*', decision: 'deny' }], default: 'ask' },
      decision: 'ask',
      why: 'another tool',
    },
    {
      policy: {
        rules: [
          { tool: 'B*h', decision: 'allow' },
          { tool: 'Bash', decision: 'deny' },
        ],
      },
      decision: 'allow',
      why: 'the first rule that names it',
    },
  ] as { policy: RunPermissions | undefined; decision: string; why: string }[])(
    '$why: $decision',
    ({ policy, decision }) => {
      expect(judge(policy, 'Bash', 'privileged')).toBe(decision);
    },
  );

  it('a pattern matches what the same regular expression does', () => {
    const part = fc.stringMatching(/^[a-c_*]{0,6}$/);
    fc.assert(
      fc.property(part, fc.stringMatching(/^[a-c_]{0,8}$/), (pattern, tool) => {
        const expected = new RegExp(`^${pattern.split('*').join('.*')}$`).test(tool);
        const decided = judge({ rules: [{ tool: pattern, decision: 'deny' }] }, tool, 'safe');
        expect(decided).toBe(expected ? 'deny' : 'allow');
      }),
    );
  });
});

describe('a person', () => {
  it('is asked, and the answer decides', async () => {
    const { desk: made, events, waiting, signal } = desk(ask);
    const decided = made.decide(call, signal);
    const [question] = made.questions();
    expect(events[0]).toEqual(['request', { ...question }]);
    expect(question).toMatchObject({ id: '01234567-1', kind: 'Permission', level: 'privileged', ...call });
    expect(made.answer({ id: 'another', decision: 'allow' }), 'no such question').toBe(false);
    expect(made.answer({ id: '01234567-1', decision: 'deny', message: 'not now' })).toBe(true);
    expect(await decided).toEqual({ behavior: 'deny', message: 'not now' });
    expect(made.answer({ id: '01234567-1', decision: 'allow' }), 'a second time').toBe(true);
    expect(waiting).toEqual([true, false]);
    expect(events.at(-1)).toEqual(['answer', { id: '01234567-1', decision: 'deny', message: 'not now' }]);
  });

  it('who is silent suspends the run, and the questions stay open', async () => {
    const { desk: made, clock, suspensions, signal } = desk(ask);
    const decided = made.decide(call, signal);
    clock.advance(60_000);
    await expect(decided).rejects.toBe(suspensions[0]);
    expect(suspensions[0]?.questions).toHaveLength(1);
    expect(made.questions()).toHaveLength(1);
  });

  it('is waited for where no later run can go on', () => {
    const { desk: made, clock, suspensions, signal } = desk(ask, { canSuspend: false });
    made.decide(call, signal).catch(() => undefined);
    clock.advance(3_600_000);
    expect(suspensions).toEqual([]);
  });

  it('who has answered an earlier run is not asked a second time, for one call', async () => {
    const question: RunQuestion = { id: 'q', kind: 'Permission', message: 'm', ...call };
    const { desk: made, events, signal } = desk(ask, { answers: [{ id: 'q', decision: 'allow', question }] });
    expect(await made.decide(call, signal)).toEqual({ behavior: 'allow' });
    expect(events).toEqual([]);
    void made.decide(call, signal).catch(() => undefined);
    expect(events, 'the answer was for one call').toHaveLength(1);
  });

  it('answers a question with words', async () => {
    const { desk: made, signal } = desk(undefined);
    const answered = made.ask('Which one?', ['a', 'b'], signal);
    expect(made.questions()[0]).toMatchObject({
      kind: 'Question',
      message: 'Which one?',
      options: ['a', 'b'],
    });
    made.answer({ id: '01234567-1', message: 'b' });
    expect(await answered).toBe('b');
  });
});
