import { RE2JS } from 're2js';
import { fail } from './evaluation-error.ts';
import type { Evaluation } from './evaluation.ts';

/** Patterns of rules are few and used often; those made at run time out of data must not fill the memory. */
const compiled = new Map<string, RE2JS>();
const MAX_PATTERNS = 1000;

/** @throws EvaluationError in the words of upstream's regexp, whose errors re2js follows */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const made = compileNew(pattern);
  if (compiled.size >= MAX_PATTERNS) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

function compileNew(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
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
