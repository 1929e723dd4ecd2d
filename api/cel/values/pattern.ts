import type { RE2JS } from 're2js';
import { compilePattern as compiled } from '../../structural-schema/compiled-pattern.ts';
import { fail } from './evaluation-error.ts';
import type { Evaluation } from './evaluation.ts';

/** @throws EvaluationError in the words of upstream's regexp, whose errors re2js follows */
export function compilePattern(pattern: string): RE2JS {
  try {
    return compiled(pattern);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** Time is text times states; a short pattern such as a{1000} has many. */
export function patternFor(text: string, pattern: string, evaluation: Evaluation): RE2JS {
  const made = compilePattern(pattern);
  evaluation.labour(Math.ceil((text.length * made.programSize()) / 16));
  return made;
}
