import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import { unavailable } from '#api/machinery/status-error';
import type { RealModel } from './credential-headers.ts';
import { ModelSource } from './model-source.ts';

const modelWith = (value: string): RealModel => ({
  protocol: 'anthropic',
  credential: { value, form: 'key' },
  headers: {},
});

/** A Model whose key can be changed, and whose reads are counted. */
function sourceOf(known?: RealModel) {
  const clock = createManualClock(1e6);
  const at: { key: string | Error; reads: number } = { key: 'one', reads: 0 };
  const read = async (): Promise<RealModel> => {
    at.reads += 1;
    if (at.key instanceof Error) throw at.key;
    return modelWith(at.key);
  };
  return { at, clock, source: new ModelSource({ read, known, clock }) };
}

describe('the Model of a run', () => {
  it('is read once, when it is needed', async () => {
    const { at, source } = sourceOf();
    expect(at.reads).toBe(0);
    await Promise.all([source.current(), source.current()]);
    expect(await source.current()).toEqual(modelWith('one'));
    expect(at.reads).toBe(1);
  });

  it('is not read when it was known from the start', async () => {
    const { at, source } = sourceOf(modelWith('known'));
    expect(await source.current()).toEqual(modelWith('known'));
    expect(at.reads).toBe(0);
  });

  it('is read again after a read that failed', async () => {
    const { at, source } = sourceOf();
    at.key = unavailable('the API is away');
    await expect(source.current()).rejects.toThrow('the API is away');
    at.key = 'one';
    expect(await source.current()).toEqual(modelWith('one'));
  });
});

describe('a key that was refused', () => {
  it('is read again, and the new one is kept', async () => {
    const { at, source } = sourceOf(modelWith('old'));
    expect(await source.changedFrom(modelWith('old'))).toBe(true);
    expect(await source.current()).toEqual(modelWith('one'));
    expect(at.reads).toBe(1);
  });

  it('that is the same is not read again with each call', async () => {
    const { at, clock, source } = sourceOf(modelWith('one'));
    expect(await source.changedFrom(modelWith('one'))).toBe(false);
    expect(await source.changedFrom(modelWith('one'))).toBe(false);
    expect(at.reads).toBe(1);
    at.key = 'two';
    clock.advance(5000);
    expect(await source.changedFrom(modelWith('one'))).toBe(true);
    expect(at.reads).toBe(2);
  });

  it('of calls at the same time is read once', async () => {
    const { at, source } = sourceOf(modelWith('old'));
    const calls = [1, 2, 3].map(() => source.changedFrom(modelWith('old')));
    expect(await Promise.all(calls)).toEqual([true, true, true]);
    expect(at.reads).toBe(1);
  });

  it('is kept while the API is away', async () => {
    const { at, source } = sourceOf(modelWith('old'));
    at.key = unavailable('the API is away');
    expect(await source.changedFrom(modelWith('old'))).toBe(false);
    expect(await source.current()).toEqual(modelWith('old'));
  });
});
