import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { RE2JS, RE2JSException } from 're2js';
import { RunFailure } from '../run-failure.ts';
import { TookTooLongError, withinTime } from './time-limit.ts';

export type OutputCheck = { ok: true; output: unknown } | { ok: false; problem: string };

const SHOWN_PROBLEMS = 5;
/** Characters of a pattern in a message, and of what is said about it. */
const SHOWN_PATTERN = 100;

/** Schemas that people write take milliseconds; meanwhile nothing else runs, not even the runs of others. */
const LIMIT_MS = 1000;

/**
 * Makes the check of an answer against a JSON Schema (2020-12). Throws RunFailure StartFailed for a schema that is not
 * one, that has a pattern with more than RE2 knows, or that takes too long to read. The check throws OutputInvalid
 * when it takes too long, as with references that lead to each other again and again.
 */
export function outputCheck(schema: Record<string, unknown>): (value: unknown) => OutputCheck {
  const validate = compiled(schema);
  return (output) => {
    try {
      const fits = withinTime(() => validate(output), LIMIT_MS);
      return fits ? { ok: true, output } : { ok: false, problem: problemsOf(validate.errors ?? []) };
    } catch (error) {
      if (!(error instanceof TookTooLongError)) throw error;
      throw new RunFailure('OutputInvalid', `to hold the answer to its schema ${error.message}`, error);
    }
  };
}

function compiled(schema: Record<string, unknown>): ValidateFunction {
  // New each time: one that was stopped in the middle is not whole.
  const newAjv = (): Ajv2020 =>
    new Ajv2020({
      // Formats are hints in 2020-12, and a reference leads nowhere outside of the schema: nothing is loaded.
      ...{ allErrors: true, strict: false, validateFormats: false, logger: false },
      code: { regExp: linearPattern },
    });
  try {
    return withinTime(() => newAjv().compile(schema), LIMIT_MS);
  } catch (error) {
    throw new RunFailure('StartFailed', `the schema of the answer: ${(error as Error).message}`, error);
  }
}

/**
 * RE2 takes time linear in the text. The backtracking of JavaScript can take for ever, and with it the runs of
 * everybody whose process this is. A pattern that JavaScript only writes in another way is translated.
 */
function linearPattern(pattern: string): { test(text: string): boolean } {
  try {
    const made = RE2JS.compile(RE2JS.translateRegExp(pattern));
    // The name by which Ajv keeps it.
    return Object.assign({ test: (text: string) => made.test(text) }, { toString: () => `/${pattern}/` });
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const shown = JSON.stringify(pattern.slice(0, SHOWN_PATTERN));
    const why = error.message.slice(0, SHOWN_PATTERN);
    throw new Error(`the pattern ${shown} is not one of RE2: ${why}`, { cause: error });
  }
}
linearPattern.code = 'linearPattern';

function problemsOf(errors: readonly ErrorObject[]): string {
  const shown = errors.slice(0, SHOWN_PROBLEMS).map(({ instancePath, message, params }) => {
    const extra = (params as { additionalProperty?: string }).additionalProperty;
    return `${instancePath === '' ? 'the value' : instancePath} ${message}${extra === undefined ? '' : ` (${extra})`}`;
  });
  const more = errors.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** The JSON value in an answer: all of it, or what stands in its only code block. Undefined when there is no such value. */
export function jsonIn(answer: string): unknown {
  const block = /^[^`]*```(?:json)?\s*\n([\s\S]*?)\n?```[^`]*$/.exec(answer);
  for (const text of [answer, block?.[1]]) {
    if (text === undefined) continue;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // not JSON: the next form
    }
  }
  return undefined;
}

/** The instruction for a model whose program cannot hold it to a schema. */
export function schemaInstruction(schema: Record<string, unknown>): string {
  return `Answer with one JSON value that fits this JSON Schema, and with nothing else:\n${JSON.stringify(schema)}`;
}

/** The prompt of the one turn in which the model mends its answer. */
export function repairPrompt(problem: string, how: 'native' | 'prompted'): string {
  const way =
    how === 'native'
      ? 'Give the whole answer again, in the way that you were told to give it'
      : 'Answer again with the whole JSON value and nothing else';
  return `Your answer does not fit the JSON Schema: ${problem}. ${way}.`;
}
