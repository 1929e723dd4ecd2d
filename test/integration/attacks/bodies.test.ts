import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { recordingLogger } from '../../kit/recording-logger.ts';
import { HARMLESS, makeBombs } from './bombs.ts';
import { sendRaw } from './raw-request.ts';

/** Bodies by somebody who may write, and would rather stop the server. */

/** Bytes that stay, beside what there was before. */
const MOST_MEMORY = 50 * 1024 * 1024;

const logger = recordingLogger();
let api: TestApi;
beforeAll(async () => {
  api = await testApi({ logger });
});
afterAll(() => api[Symbol.asyncDispose]());

const BOMBS = makeBombs();
const before = memory();

it.each(BOMBS.map((bomb) => [bomb.name, bomb] as const))(
  'is answered: %s',
  async (name, { path, headers, body }) => {
    const method = headers['content-type'] === 'application/json-patch+json' ? 'PATCH' : 'POST';
    const answer = await sendRaw(api, {
      target: path,
      method,
      headers: Object.entries(headers).flat(),
      body,
      token: api.token,
    });
    const expected = HARMLESS.has(name) ? [201, 409] : [400, 404, 413, 415, 422];
    expect(expected, answer.text.slice(0, 500)).toContain(answer.status);
    // The answer names the fault, and not a million times.
    expect(answer.text.length).toBeLessThan(4 * 1024 * 1024);
  },
);

it('leaves a server that works, without a fault of its own, and with memory', async () => {
  expect((await api.send('/readyz')).text).toBe('ok');
  expect(logger.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  expect(memory() - before).toBeLessThan(MOST_MEMORY);
});

/** When all that nobody needs was collected. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
