import { expect, it } from 'vitest';
import { StatusError } from '#api/machinery/status-error';
import type { RunInput } from '../protocol/run.ts';
import { Messages, readApplied } from './messages.ts';

function carried(known: string[] = []) {
  const changes: string[][] = [];
  const inputs: RunInput[] = [];
  const messages = new Messages({ known, onChange: (applied) => void changes.push(applied) });
  const runner = {
    input(_run: string, input: RunInput) {
      inputs.push(input);
      return Promise.resolve();
    },
  };
  return { messages, changes, inputs, runner };
}

const applied = (id: string, seq = 1) =>
  ({ seq, time: '2026-01-01T00:00:00Z', type: 'message_applied', data: { id } }) as const;

it('each message is handed over once, in order, with whether it interrupts', async () => {
  const { messages, inputs, runner } = carried();
  messages.note([{ id: 'a', text: 'A' }]);
  await messages.deliver(runner, 'run');
  messages.note([
    { id: 'a', text: 'A' },
    { id: 'b', text: 'B', interrupt: true },
  ]);
  await messages.deliver(runner, 'run');
  expect(inputs).toEqual([
    { id: 'a', type: 'message', text: 'A' },
    { id: 'b', type: 'message', text: 'B', interrupt: true },
  ]);
});

it('those that the agent has got are told of, and not handed over by the next manager', async () => {
  const { messages, changes, inputs, runner } = carried(['a']);
  messages.note([
    { id: 'a', text: 'A' },
    { id: 'b', text: 'B' },
  ]);
  messages.add(['a', 'b']);
  messages.read([applied('b'), applied('c', 2)]);
  await messages.deliver(runner, 'run');
  expect([inputs, changes]).toEqual([
    [],
    [
      ['a', 'b'],
      ['a', 'b', 'c'],
    ],
  ]);
});

it('one that the run refuses keeps no other back', async () => {
  const { messages, inputs } = carried();
  messages.note([
    { id: 'a', text: 'A' },
    { id: 'b', text: 'B' },
  ]);
  const runner = {
    input(_run: string, input: RunInput) {
      inputs.push(input);
      return input.id === 'a' ? Promise.reject(new StatusError('Conflict', 'no')) : Promise.resolve();
    },
  };
  await messages.deliver(runner, 'run');
  await messages.deliver(runner, 'run');
  expect(inputs.map(({ id }) => id)).toEqual(['a', 'b']);
});

it('ids of a runner are checked', () => {
  expect(readApplied(['a', 'a', '', 7, 'x'.repeat(65)])).toEqual(['a']);
  expect(readApplied('a')).toEqual([]);
});
