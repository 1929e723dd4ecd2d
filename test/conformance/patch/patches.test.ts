import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyJsonPatch } from '#api/machinery/json/json-patch';
import { applyMergePatch } from '#api/machinery/json/merge-patch';
import { isStatusError } from '#api/machinery/status-error';
import { applyStrategicPatch } from '#api/registry/patches/strategic-patch';
import { loadDefinitions } from '#api/schema/load-crds';
import { goProgram } from '../../kit/go-program.ts';
import { JUDGED_SEED, startJudge } from '../../kit/judge.ts';
import type { Judge } from '../../kit/judge.ts';
import type { PatchAnswer, PatchQuestion } from './judge.ts';
import { jsonPatches, mergePatches, strategicPatches } from './patch-family.ts';

/** Thousands of patches, each judged by the libraries that kube-apiserver applies patches with. */
const CASES = Number(process.env['TROUPE_JUDGED_CASES'] ?? 3000);
const BUDGET_MS = process.env['TROUPE_JUDGED_CASES'] === undefined ? 60_000 : 3_600_000;

const program = goProgram('patch-judge');

describe.skipIf(program.missing)('patches', () => {
  let judge: Judge<PatchQuestion, PatchAnswer>;
  beforeAll(() => {
    judge = startJudge(program.path);
  });
  afterAll(() => judge[Symbol.asyncDispose]());

  it.each([
    ['json', jsonPatches],
    ['merge', mergePatches],
    ['strategic', strategicPatches],
  ] as const)(
    'of type %s do what they do in kube-apiserver',
    async (_type, questions) => {
      const property = fc.asyncProperty(questions, async (question) => {
        expect(comparable(ourAnswer(question))).toEqual(comparable(await judge.ask(question)));
      });
      await fc.assert(property, { seed: JUDGED_SEED, numRuns: CASES, interruptAfterTimeLimit: BUDGET_MS });
    },
    BUDGET_MS + 60_000,
  );
});

const schemas = new Map(
  loadDefinitions()
    .filter(({ group }) => group === '')
    .map(({ kind, schema }) => [kind, schema]),
);

function ourAnswer({ type, kind = '', object, patch }: PatchQuestion): PatchAnswer {
  const target = object as object;
  try {
    if (type === 'json') return { result: applyJsonPatch(target, patch) };
    if (type === 'merge') return { result: applyMergePatch(target, patch) };
    return { result: applyStrategicPatch(schemas.get(kind) ?? {}, target, patch) };
  } catch (error) {
    if (isStatusError(error)) return { error: error.message };
    throw error;
  }
}

/** Which error it is does not matter: clients are told the same of all. */
const comparable = ({ result, error }: PatchAnswer): unknown =>
  error === undefined ? { result } : 'an error';
