import { RE2JS } from 're2js';
import { MAX_PATTERN_STATES, patternSize } from './pattern-size.ts';

/**
 * Patterns in RE2 syntax: matching takes time linear in the text. Compiling one takes about 7 µs per state, and
 * schemas use the same few again and again, so they are kept.
 */
const kept = new Map<string, RE2JS>();
const MAX_KEPT_STATES = 500_000;
let states = 0;

/** @throws Error that says what is wrong with the pattern */
export function compilePattern(pattern: string): RE2JS {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  if (patternSize(pattern) > MAX_PATTERN_STATES)
    throw new Error(`error parsing regexp: expression has more than ${MAX_PATTERN_STATES} states`);
  const made = RE2JS.compile(pattern);
  states += made.programSize() + pattern.length;
  if (states > MAX_KEPT_STATES) {
    kept.clear();
    states = made.programSize() + pattern.length;
  }
  kept.set(pattern, made);
  return made;
}

/**
 * What matching may take for one object, about a second of the worst: long texts against patterns of many states,
 * which counted repetitions make.
 */
export const MATCHING_BUDGET = 40_000_000;

export function matchingWork(pattern: RE2JS, text: string): number {
  return text.length * Math.max(1, pattern.programSize() / 16) ** 2;
}
