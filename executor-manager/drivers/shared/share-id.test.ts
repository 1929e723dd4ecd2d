import { expect, it } from 'vitest';
import { isRuntimeID } from '../driver.ts';
import { newRunnerID, readShareID, shareID } from './share-id.ts';

it('says which run of which runner it is', () => {
  const runnerID = newRunnerID();
  const runID = 'a0000000-0000-4000-8000-000000000000';
  const id = shareID(runnerID, runID);
  expect(isRuntimeID(id)).toBe(true);
  expect(readShareID(id)).toEqual({ runnerID, runID });
});

it.each([
  ['rt-a0000000-0000-4000-8000-000000000000', 'a runtime of its own'],
  ['share-xyz-1', 'no id of a runner'],
  ['share-01234567', 'no run'],
  ['', 'nothing'],
])('%s is no share: %s', (id) => expect(readShareID(id)).toBeUndefined());
