import { expect, it } from 'vitest';
import { Controls } from '../run/run-controls.ts';
import { FurtherWords } from './further-words.ts';

/** Words of an agent, with a clock that rings when a test says so. */
function spoken(idleSeconds?: number) {
  const controls = new Controls();
  const stop = new AbortController();
  const rings: { ms: number; fn: () => void }[] = [];
  const clock = {
    now: () => 0,
    elapsed: () => 0,
    after(ms: number, fn: () => void) {
      const ring = { ms, fn };
      rings.push(ring);
      return () => void rings.splice(rings.indexOf(ring), 1);
    },
  };
  const limits = idleSeconds === undefined ? {} : { limits: { idleSeconds } };
  const words = new FurtherWords({ request: limits, context: { clock, controls, signal: stop.signal } });
  controls.onSteer((text) => words.add(text));
  return { words, controls, stop, rings };
}

it('are all that was said', async () => {
  const { words } = spoken();
  words.add('one');
  words.add('two');
  expect(await words.next({ interrupted: false })).toBe('one\n\ntwo');
});

it('are not taken any more once there are none, so that none get lost', async () => {
  const { words, controls } = spoken();
  expect(await words.next({ interrupted: false })).toBeUndefined();
  await controls.take({ id: 'i', type: 'message', text: 'late' });
  expect(controls.applied).toEqual([]);
});

it('are waited for after an interrupt', async () => {
  const { words, controls, rings } = spoken();
  const next = words.next({ interrupted: true });
  expect(await controls.take({ id: 'i', type: 'message', text: 'turn left' })).toBe(true);
  expect(await next).toBe('turn left');
  expect(rings).toEqual([]);
});

it.each([
  { idleSeconds: undefined, ms: 60_000 },
  { idleSeconds: 10, ms: 8000 },
])('are waited for $ms ms with an idle limit of $idleSeconds s', async ({ idleSeconds, ms }) => {
  const { words, rings } = spoken(idleSeconds);
  const next = words.next({ interrupted: true });
  expect(rings.map((ring) => ring.ms)).toEqual([ms]);
  rings[0]?.fn();
  expect(await next).toBeUndefined();
});

it('are not waited for when the run ends', async () => {
  const { words, stop, rings } = spoken();
  const next = words.next({ interrupted: true });
  stop.abort(new Error('cancelled'));
  await expect(next).rejects.toThrow('cancelled');
  expect(rings).toEqual([]);
});
