import { describe, expect, it } from 'vitest';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import { line } from '../graph/made-up.ts';
import { resolved, World } from './world.ts';

const nameOf = (id: string, attempt = 1): string => `fix-abcde-${id}-a${attempt}`;
const succeeded = (value: string): SandboxStatus => ({
  phase: 'Succeeded',
  reason: 'Succeeded',
  result: { value, sessionId: `session of ${value}` },
});

describe('a message to an agent that has not worked yet', () => {
  const meant: { why: string; words: object }[] = [
    { why: 'its member is named', words: { member: 'second' } },
    { why: 'its step is named', words: { node: 's1' } },
  ];
  /** The first of two steps has ended, and nothing else has run. */
  const halfDone = (): World => {
    const world = new World(resolved(...line({ name: 'first' }, { name: 'second', prompt: 'Check it.' })));
    world.settle();
    world.change(nameOf('s0'), { status: succeeded('half') });
    world.edit({ cancel: true });
    world.settle();
    return world;
  };

  it.each(meant)(
    'begins a session of its own, with the files and the answer of the Task: $why',
    ({ words }) => {
      const world = halfDone();
      expect(world.names()).toEqual([nameOf('s0')]);
      world.post(words);
      world.settle();
      const { spec } = world.sandbox(nameOf('message-1'));
      expect(spec).toMatchObject({
        agent: { botName: 'second-bot' },
        prompt: 'Check it.\n\ndo it\n\nwords 1\n\nThe answer of first:\nhalf',
        continueFrom: [{ name: nameOf('s0') }],
      });
      expect(spec).not.toHaveProperty('session');
      world.change(nameOf('message-1'), { status: succeeded('checked') });
      expect(world.settle().status).toMatchObject({
        status: 'COMPLETED',
        result: { value: 'checked' },
        messages: [{ state: 'Applied', node: 'message-1' }],
      });
    },
  );

  it.each(meant)('goes on in that session with the next one: $why', ({ words }) => {
    const world = halfDone();
    for (const [number, next] of [words, words, {}].entries()) {
      world.post(next);
      world.settle();
      world.change(nameOf(`message-${number + 1}`), { status: succeeded(`answer ${number + 1}`) });
      world.settle();
    }
    const runs = ['message-2', 'message-3'].map((id) => world.sandbox(nameOf(id)).spec);
    expect(runs).toMatchObject([
      { agent: { botName: 'second-bot' }, session: { id: 'session of answer 1' } },
      { agent: { botName: 'second-bot' }, session: { id: 'session of answer 2' } },
    ]);
  });

  it('is asked again when what it was told is done once more', () => {
    const world = halfDone();
    world.post({ member: 'second' });
    world.settle();
    world.change(nameOf('message-1'), { status: succeeded('checked') });
    world.settle();
    world.edit({ retries: [{ id: 'r', node: 's0' }] });
    world.settle();
    expect(world.names()).not.toContain(nameOf('message-1', 2));
    world.change(nameOf('s0', 2), { status: succeeded('better') });
    world.settle();
    for (const id of ['s1', 'message-1']) {
      const attempt = id === 's1' ? 1 : 2;
      if (world.names().includes(nameOf(id, attempt)))
        world.change(nameOf(id, attempt), { status: succeeded(id) });
      world.settle();
    }
    expect(world.sandbox(nameOf('message-1', 2)).spec).toMatchObject({
      agent: { botName: 'second-bot' },
      prompt: expect.stringContaining('The answer of first:\nbetter'),
    });
  });
});
