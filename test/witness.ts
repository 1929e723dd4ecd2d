import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { allEvidence, forgetEnded } from './kit/evidence.ts';
import { heldResources } from './kit/held-resources.ts';

/**
 * Vitest's set-up of every file that runs real parts. A test that fails shows what the processes, servers and commands
 * beside it said; a file that leaves something behind fails. These hooks run after those of the file: the ones that are
 * declared first come last.
 */
let before: Record<string, number>;

beforeAll(() => {
  before = heldResources();
});

afterEach(({ task }) => {
  const said = task.result?.state === 'fail' ? allEvidence() : '';
  forgetEnded();
  if (said === '') return;
  // A second error of the same test: reporters show it under the first.
  const error = new Error(`what ran beside the test said:\n${said}`);
  error.stack = error.message;
  throw error;
});

afterAll(async () => {
  // A closed resource goes a moment later.
  await vi.waitFor(
    () => {
      const held = Object.entries(heldResources()).filter(([name, count]) => count > (before[name] ?? 0));
      if (held.length === 0) return;
      const list = held.map(([name, count]) => `${name}: ${count - (before[name] ?? 0)}`).join(', ');
      throw new Error(`the file leaves something behind: ${list}`);
    },
    { timeout: 5_000, interval: 50 },
  );
});
