import type { StepResult, StepStatus } from '#workflows/variables';

/** How far a step has come, or a list of steps. */
export interface Progress {
  /** Once it is over. */
  result?: StepResult;
  /** A part of it has failed for good, whatever becomes of the rest. */
  failed?: Failed;
  /** Ids of the nodes that come last: what follows needs them. */
  last: readonly string[];
  /** The node whose files are those of the step. */
  files?: string;
  /** The nodes of the last runs, by the names of steps. */
  runs: ReadonlyMap<string, string>;
}

/** How far a list of steps has come. */
export interface ListProgress extends Progress {
  /** Its answer as far as it is known; may be empty. */
  answer: string;
}

export interface Failed {
  step: string;
  reason: string;
  message: string;
}

export function ended(status: StepStatus, more: Partial<StepResult> = {}): StepResult {
  return { status, value: '', reason: '', message: '', ...more };
}

export function failedResult(reason: string, message: string, more: Partial<StepResult> = {}): StepResult {
  return { ...ended('Failed', more), reason, message };
}

/** All answers in words, one after the other. */
export function joinedValues(results: readonly StepResult[]): string {
  return results
    .map(({ value }) => value)
    .filter((text) => text !== '')
    .join('\n\n');
}

/** The result of parts that were done side by side; undefined while one of them is not over. */
export function joined(parts: readonly Progress[]): StepResult | undefined {
  const items: StepResult[] = [];
  for (const { result } of parts) {
    if (result === undefined) return undefined;
    items.push(result);
  }
  const value = joinedValues(items);
  const failures = items.filter(({ status }) => status === 'Failed');
  const [first] = failures;
  if (first === undefined) return ended('Succeeded', { value, items });
  const message = `${failures.length} of ${items.length} failed: ${first.message}`;
  return failedResult(first.reason, message, { value, items });
}

/** Only one of several that did the same has files that others go on with. */
export function sideBySide(parts: readonly Progress[], base: string | undefined): Omit<Progress, 'result'> {
  const failed = parts.find((part) => part.failed !== undefined)?.failed;
  return {
    last: parts.flatMap(({ last }) => last),
    runs: new Map(parts.flatMap(({ runs }) => [...runs])),
    ...(base === undefined ? {} : { files: base }),
    ...(failed === undefined ? {} : { failed }),
  };
}
