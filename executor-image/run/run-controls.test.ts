import { describe, expect, it } from 'vitest';
import { Controls } from './run-controls.ts';

const words = (id: string, more: { interrupt?: boolean } = {}) =>
  ({ id, type: 'message', text: `words ${id}`, ...more }) as const;

describe('words for an agent', () => {
  it('are handed over once per id, in order', async () => {
    const said: string[] = [];
    const controls = new Controls();
    controls.onSteer((text) => void said.push(text));
    for (const id of ['a', 'b', 'a']) expect(await controls.take(words(id))).toBe(true);
    await new Promise(setImmediate);
    expect(said).toEqual(['words a', 'words b']);
    expect(controls.applied).toEqual(['a', 'b']);
  });

  it('are held until the agent can take them, and again between two of its turns', async () => {
    const said: string[] = [];
    const told: string[] = [];
    const controls = new Controls({ onApplied: (id) => void told.push(id) });
    await controls.take(words('a'));
    await controls.take(words('b'));
    expect(told).toEqual([]);
    controls.onSteer((text) => void said.push(text));
    await controls.take(words('c'));
    await new Promise(setImmediate);
    controls.onSteer(undefined);
    await controls.take(words('d'));
    await new Promise(setImmediate);
    expect(said).toEqual(['words a', 'words b', 'words c']);
    controls.onSteer((text) => void said.push(text));
    await new Promise(setImmediate);
    expect(said).toEqual(['words a', 'words b', 'words c', 'words d']);
    expect(told).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are refused where the adapter takes none', async () => {
    const controls = new Controls({ steer: false });
    expect(await controls.take(words('a'))).toBe(false);
  });

  it('interrupt without a pause where the adapter makes none', () => {
    const happened: string[] = [];
    const controls = new Controls();
    controls.onSteer((text) => void happened.push(text));
    controls.onInterrupt(() => void happened.push('interrupt'));
    void controls.take(words('a', { interrupt: true }));
    expect(happened).toEqual(['interrupt', 'words a']);
  });

  it('stay with the sender when the agent ends while it is interrupted', async () => {
    const controls = new Controls();
    controls.onSteer(() => undefined);
    controls.onInterrupt(() => {
      controls.onSteer(undefined);
      return Promise.resolve();
    });
    await controls.take(words('a', { interrupt: true }));
    await new Promise(setImmediate);
    expect(controls.applied).toEqual([]);
  });

  it('that the adapter does not take are told of, and those behind them are handed over', async () => {
    const errors: unknown[] = [];
    const controls = new Controls({ onError: (error) => void errors.push(error) });
    controls.onSteer((text) => {
      if (text === 'words a') throw new Error('gone');
    });
    await controls.take(words('a'));
    await controls.take(words('b'));
    await new Promise(setImmediate);
    expect([errors.map(String), controls.applied]).toEqual([['Error: gone'], ['b']]);
  });
});
