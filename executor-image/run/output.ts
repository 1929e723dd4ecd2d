import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv/dist/2020.js';
import { RunFailure } from '../run-failure.ts';

export type OutputCheck = { ok: true; output: unknown } | { ok: false; problem: string };

const SHOWN_PROBLEMS = 5;

/**
 * Makes the check of an answer against a JSON Schema (2020-12). Throws RunFailure StartFailed for a schema that is not
 * one.
 */
export function outputCheck(schema: Record<string, unknown>): (value: unknown) => OutputCheck {
  // Formats are hints in 2020-12, and a reference leads nowhere outside of the schema: nothing is loaded.
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false, logger: false });
  try {
    const validate = ajv.compile(schema);
    return (output) =>
      validate(output) ? { ok: true, output } : { ok: false, problem: problemsOf(validate.errors ?? []) };
  } catch (error) {
    throw new RunFailure('StartFailed', `the schema of the answer: ${(error as Error).message}`, error);
  }
}

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
