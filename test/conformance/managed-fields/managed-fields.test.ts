import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { isStatusError } from '#api/machinery/status-error';
import { applyConfiguration, trackUpdate } from '#api/structured-merge/field-manager';
import { compileMergeSchema } from '#api/structured-merge/merge-schema';
import type { MergeSchema } from '#api/structured-merge/merge-schema';
import { goProgram } from '../../kit/go-program.ts';
import { casesOf, sent } from './cases.ts';
import type { Case, Step } from './cases.ts';
import { JUDGED_SEED, startJudge } from '../../kit/judge.ts';
import type { Judge } from '../../kit/judge.ts';
import type { Answer, JudgedWrite, Outcome, Question } from './judge.ts';

/**
 * Thousands of sequences of writes, each judged by Kubernetes' own field manager: objects, managedFields and errors have
 * to be the same. More of them, of other kinds: TROUPE_JUDGED_CASES and TROUPE_JUDGED_KINDS (a seed).
 */
const CASES = Number(process.env['TROUPE_JUDGED_CASES'] ?? 3000);
const BUDGET_MS = process.env['TROUPE_JUDGED_CASES'] === undefined ? 60_000 : 3_600_000;
const KINDS = { kinds: 150, seed: Number(process.env['TROUPE_JUDGED_KINDS'] ?? 1) };

const program = goProgram('managed-fields-judge');

describe.skipIf(program.missing)('managed fields', () => {
  let judge: Judge<Question, Answer>;
  beforeAll(() => {
    judge = startJudge(program.path);
  });
  afterAll(() => judge[Symbol.asyncDispose]());

  it(
    'are those of kube-apiserver',
    async () => {
      const property = fc.asyncProperty(casesOf(KINDS), async (asked) => {
        const { writes, outcomes } = ourOutcomes(asked);
        const answer = await judge.ask({ schemas: asked.schemas, writes });
        expect(answer.refused).toBeUndefined();
        expect(outcomes.map(comparable)).toEqual((answer.outcomes ?? []).map(comparable));
      });
      await fc.assert(property, {
        seed: JUDGED_SEED,
        numRuns: CASES,
        interruptAfterTimeLimit: BUDGET_MS,
      });
    },
    BUDGET_MS + 60_000,
  );
});

interface Judged {
  writes: JudgedWrite[];
  outcomes: Outcome[];
}

function ourOutcomes({ schemas, steps }: Case): Judged {
  const compiled = new Map(
    Object.entries(schemas).map(([version, schema]) => [
      `judge.troupe.test/${version}`,
      compileMergeSchema(schema),
    ]),
  );
  const result: Judged = { writes: [], outcomes: [] };
  let live: Unstructured | undefined;
  for (const [index, step] of steps.entries()) {
    const schema = schemas[step.version] ?? {};
    const before = live === undefined ? undefined : inVersionOf(step, live, compiled);
    const write: JudgedWrite = {
      verb: step.verb,
      version: step.version,
      subresource: step.subresource,
      manager: step.manager,
      force: step.force,
      time: `2001-01-01T00:01:${String(index).padStart(2, '0')}Z`,
      resetFields: step.subresource === 'status' ? ['metadata', 'spec'] : ['status'],
      object: sent(step, before, schema),
    };
    result.writes.push(write);
    const outcome = outcomeOf(write, before, compiled);
    result.outcomes.push(structuredClone(outcome));
    if (outcome.object !== undefined) live = outcome.object as Unstructured;
  }
  return result;
}

function inVersionOf(step: Step, live: Unstructured, compiled: Map<string, MergeSchema>): Unstructured {
  const apiVersion = `judge.troupe.test/${step.version}`;
  if (live.apiVersion === apiVersion) return live;
  return compiled.get(apiVersion)?.prune({ ...live, apiVersion }) ?? live;
}

function outcomeOf(
  write: JudgedWrite,
  live: Unstructured | undefined,
  compiled: Map<string, MergeSchema>,
): Outcome {
  const object = write.object as Unstructured;
  const schema = compiled.get(object.apiVersion);
  if (schema === undefined) throw new Error(`no schema of ${object.apiVersion}`);
  const common = { ...write, live, schema, schemaOf: (version: string) => compiled.get(version) };
  try {
    return {
      object:
        write.verb === 'update'
          ? trackUpdate({ ...common, next: object })
          : applyConfiguration({ ...common, configuration: object }),
    };
  } catch (error) {
    if (!isStatusError(error)) throw error;
    const causes = error.details?.causes?.map(
      ({ reason, message, field }) => `${reason}|${message}|${field}`,
    );
    return { error: { message: error.message, code: error.code, ...(causes !== undefined && { causes }) } };
  }
}

/**
 * Go walks maps in any order: what it says of several managers or fields is compared line by line, sorted. At a field
 * that is not declared it stops, and what else it has found by then is chance. Its 500 for a configuration that does not
 * fit is 400 here: no input is the server's fault.
 */
function comparable({ object, error }: Outcome): unknown {
  if (error === undefined) return object;
  const { message, causes } = error;
  const code = error.code === 500 ? 400 : error.code;
  if (message.startsWith('failed to compare objects: ')) return { code };
  if (message.includes('field not declared in schema'))
    return { code, message: message.split('Kind=Thing)')[0] };
  return { code, lines: message.split('\n').sort(), causes: causes?.toSorted() };
}
