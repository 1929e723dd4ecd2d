import { describe, expect, it } from 'vitest';
import type { Clock } from '../../clock.ts';
import type { BackgroundTask, StreamMessage } from './stream-messages.ts';
import { WorkWatch } from './work-watch.ts';

/** Time that passes when a test says so. */
function madeUpClock(): Clock & { pass(ms: number): void } {
  let now = 0;
  let timers: { at: number; fn: () => void }[] = [];
  return {
    now: () => now,
    elapsed: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { fn } of due) fn();
    },
  };
}

function watching(idleSeconds?: number) {
  const clock = madeUpClock();
  const over: string[][] = [];
  const watch = new WorkWatch({ clock, idleSeconds, onOver: (cutOff) => void over.push(cutOff) });
  watch.words('w1');
  return {
    watch,
    over,
    pass: clock.pass,
    read: (...messages: StreamMessage[]) => messages.forEach((one) => watch.read(one)),
  };
}

const RESULT: StreamMessage = { type: 'result', user_message_uuids: ['w1'] };
const IDLE: StreamMessage = { type: 'system', subtype: 'session_state_changed', state: 'idle' };
const RUNNING: StreamMessage = { type: 'system', subtype: 'session_state_changed', state: 'running' };
const tasks = (...all: BackgroundTask[]): StreamMessage => ({
  type: 'system',
  subtype: 'background_tasks_changed',
  tasks: all,
});
const COMMAND: BackgroundTask = { task_id: 'b1', task_type: 'local_bash', description: 'npm start' };
const AGENT: BackgroundTask = { task_id: 'a1', task_type: 'local_agent', description: 'helper' };

describe('the work is over', () => {
  it('when the program says that it is idle, and not with the result', () => {
    const { over, read } = watching();
    read(RUNNING, RESULT);
    expect(over).toEqual([]);
    read(IDLE);
    expect(over).toEqual([[]]);
  });

  it('after a while where it does not say so', () => {
    const { over, read, pass } = watching();
    read(RESULT);
    pass(9999);
    expect(over).toEqual([]);
    pass(1);
    expect(over).toEqual([[]]);
  });

  it('not while words wait that came with the end of a turn', () => {
    const { watch, over, read, pass } = watching();
    read(RESULT);
    watch.words('w2');
    read(IDLE);
    pass(100);
    read(RUNNING);
    pass(60_000);
    expect(over).toEqual([]);
    read({ type: 'command_lifecycle', command_uuid: 'w2', state: 'completed' }, { type: 'result' }, IDLE);
    expect(over).toEqual([[]]);
  });
});

describe('tasks in the background', () => {
  it('are waited for, and the turn that hears of their end too', () => {
    const { over, read, pass } = watching();
    read(tasks(COMMAND), RESULT, IDLE);
    pass(100_000);
    read(tasks());
    expect(over).toEqual([]);
    pass(24);
    read(RUNNING);
    pass(60_000);
    read(RESULT, IDLE);
    expect(over).toEqual([[]]);
  });

  it('end the wait where nobody hears of their end', () => {
    const { over, read, pass } = watching();
    read(tasks(COMMAND), RESULT, IDLE, tasks());
    pass(3000);
    expect(over).toEqual([[]]);
  });

  it('commands may run for ever, and are cut off with a word', () => {
    const { over, read, pass } = watching();
    read(tasks(COMMAND), RESULT, IDLE);
    pass(120_000);
    expect(over).toEqual([['What the agent left running was ended after 120 s: npm start']]);
  });

  it('commands are cut off before the run counts as idle', () => {
    const { over, read, pass } = watching(10);
    read(tasks(COMMAND), RESULT, IDLE);
    pass(8000);
    expect(over).toEqual([['What the agent left running was ended after 8 s: npm start']]);
  });

  it('agents are waited for as long as the run may take', () => {
    const { over, read, pass } = watching();
    read(tasks(AGENT), RESULT);
    pass(3_600_000);
    read({ type: 'assistant', message: {}, parent_tool_use_id: 't' });
    pass(3_600_000);
    expect(over).toEqual([]);
  });

  it('a watcher is no work', () => {
    const { over, read } = watching();
    read(tasks({ ...COMMAND, ambient: true }), RESULT, IDLE);
    expect(over).toEqual([[]]);
  });
});

describe('an interrupted turn', () => {
  it('waits for words, and says that none came', () => {
    const { watch, over, read, pass } = watching();
    watch.interrupt();
    read(RESULT, IDLE);
    pass(59_999);
    expect(over).toEqual([]);
    pass(1);
    expect(over).toEqual([['The agent was interrupted, and nobody told it how to go on.']]);
  });

  it('goes on with words', () => {
    const { watch, over, read, pass } = watching();
    watch.interrupt();
    read(RESULT, IDLE);
    watch.words('w2');
    read(RUNNING);
    pass(600_000);
    read({ type: 'result', user_message_uuids: ['w2'] }, IDLE);
    expect(over).toEqual([[]]);
  });

  it('goes on with words that were there already, however long the machine takes', () => {
    const { watch, over, read, pass } = watching();
    watch.interrupt();
    watch.words('w2');
    read(RESULT);
    pass(9_999);
    expect(over).toEqual([]);
    read({ type: 'system', subtype: 'init' });
    pass(600_000);
    expect(over).toEqual([]);
    read({ type: 'result', user_message_uuids: ['w2'] }, IDLE);
    expect(over).toEqual([[]]);
  });
});
