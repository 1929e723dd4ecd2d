import { RE2JS } from 're2js';
import { InvalidOption } from './invalid-option.ts';

/** The pattern of the rule at `index` of `spec.output.lines` of a Shell. @throws InvalidOption */
export function linePattern(pattern: string, index: number): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new InvalidOption(`output.lines[${index}].pattern`, (error as Error).message, error);
  }
}
