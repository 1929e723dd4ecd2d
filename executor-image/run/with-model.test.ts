import { expect, it } from 'vitest';
import type { RunRequest } from '#executor-manager/protocol/run';
import type { AnswerFacts } from '#model-protocols/answer-facts';
import type { CallingRun } from '../model-access/loopback-server.ts';
import { withModel } from './with-model.ts';

const REQUEST: RunRequest = {
  shell: { type: 'ACP' },
  agent: { name: 'a' },
  model: { protocol: 'openai', name: 'own' },
  prompt: 'p',
  timeoutSeconds: 60,
};

/** A run whose Model gives these answers. */
async function run(answers: readonly AnswerFacts[], counted = true) {
  const counts: unknown[] = [];
  let calling: CallingRun | undefined;
  const result = await withModel(
    {
      ...{ id: 'r', request: REQUEST, counted },
      modelAccess: {
        grant(one) {
          calling = one;
          return Promise.resolve({ baseURL: 'http://m', apiKey: 'token', revoke: () => undefined });
        },
      },
      meter: { alive: () => undefined, answer: (...told) => void counts.push(told) },
      redactor: { hide: () => undefined },
    },
    () => {
      for (const facts of answers) calling?.onAnswer?.(facts);
      return Promise.resolve({ value: 'Done.', warnings: ['Before.'] });
    },
  );
  return { warnings: result.warnings, counts };
}

const USAGE = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0 };

it('counts tokens under the name that the service says, else under that of the Model', async () => {
  const { counts } = await run([{ usage: USAGE }, { model: 'other', usage: USAGE }, { model: 'silent' }]);
  expect(counts).toEqual([
    ['own', USAGE, false],
    ['other', USAGE, false],
  ]);
});

it('counts nothing of a program that tells it', async () => {
  expect(await run([{ usage: USAGE, stop: 'length' }], false)).toEqual({ counts: [], warnings: ['Before.'] });
});

it.each<[AnswerFacts['stop'][], RegExp | undefined, string]>([
  [['complete'], undefined, 'whole'],
  [['length'], /limit of tokens/, 'cut off'],
  [['toolCalls', 'refused'], /refused/, 'refused'],
  [['length', 'complete'], undefined, 'cut off, and gone on with'],
  [['length', undefined], /limit of tokens/, 'cut off; what broke off says nothing'],
])('%j', async (stops, warning, why) => {
  const { warnings } = await run(stops.map((stop) => (stop === undefined ? {} : { stop })));
  const expected = warning === undefined ? ['Before.'] : ['Before.', expect.stringMatching(warning)];
  expect(warnings, why).toEqual(expected);
});
