import { onlyKnown, readAgnoOptions } from './agno-options.ts';
import { InvalidOption } from './invalid-option.ts';
import { linePattern } from './line-pattern.ts';

/** The part of a Shell, or of a run, that says how its program works. */
export interface ShellSettings {
  options?: Record<string, unknown>;
  output?: { lines?: readonly { pattern?: string }[] };
}

/** The first fault in the settings of a Shell of this type, as a sentence's beginning; undefined when there is none. */
export function optionProblem(type: string, { options, output }: ShellSettings): string | undefined {
  try {
    checkOptions(type, options ?? {});
    for (const [index, { pattern }] of (output?.lines ?? []).entries()) {
      if (pattern !== undefined) linePattern(pattern, index);
    }
    return undefined;
  } catch (error) {
    if (error instanceof InvalidOption) return error.message;
    throw error;
  }
}

function checkOptions(type: string, options: Record<string, unknown>): void {
  if (type === 'Agno') {
    readAgnoOptions(options);
    return;
  }
  const known = type === 'ClaudeCode' ? ['fallbackModel'] : [];
  onlyKnown(options, known, 'options');
  const { fallbackModel } = options;
  if (fallbackModel !== undefined && (typeof fallbackModel !== 'string' || fallbackModel === '')) {
    throw new InvalidOption('options.fallbackModel', 'must be the name of a model');
  }
}
