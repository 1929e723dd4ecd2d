import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readConfiguration } from '#api/authentication/oidc/authentication-configuration';
import { validateConfiguration } from '#api/authentication/oidc/validate-configuration';
import { goProgram } from '../../kit/go-program.ts';
import { JUDGED_SEED, startJudge } from '../../kit/judge.ts';
import type { Judge } from '../../kit/judge.ts';
import { configurations } from './authentication-family.ts';
import type { AuthenticationAnswer, AuthenticationQuestion } from './authentication-family.ts';

const CASES = Number(process.env['TROUPE_JUDGED_CASES'] ?? 1000);
const BUDGET_MS = process.env['TROUPE_JUDGED_CASES'] === undefined ? 60_000 : 3_600_000;

const program = goProgram('authentication-judge');

/** The faults that the server finds, letter by letter; empty for one that it takes. */
function ourAnswer({ configuration, disallowed }: AuthenticationQuestion): AuthenticationAnswer {
  const read = readConfiguration(stringify(configuration));
  try {
    validateConfiguration(read, disallowed);
    return { problem: '' };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** Why an address cannot be read is said in words of the library that reads it. */
const comparable = ({ problem }: AuthenticationAnswer): string =>
  problem.replaceAll(/(: parse "(?:[^"\\]|\\.)*"): (?:[^,\]"]|"[^"]*")*/g, '$1');

describe.skipIf(program.missing)('an AuthenticationConfiguration', () => {
  let judge: Judge<AuthenticationQuestion, AuthenticationAnswer>;
  beforeAll(() => {
    judge = startJudge(program.path);
  });
  afterAll(() => judge[Symbol.asyncDispose]());

  it(
    'is refused for what kube-apiserver refuses, in its words',
    async () => {
      const property = fc.asyncProperty(configurations, async (question) => {
        expect(comparable(ourAnswer(question))).toEqual(comparable(await judge.ask(question)));
      });
      await fc.assert(property, { seed: JUDGED_SEED, numRuns: CASES, interruptAfterTimeLimit: BUDGET_MS });
    },
    BUDGET_MS + 60_000,
  );
});
