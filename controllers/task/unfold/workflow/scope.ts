import type { NodePath } from '#workflows/node-id';
import { replacePlaceholders } from '#workflows/placeholders';
import type { StepResult } from '#workflows/variables';
import { stepKey } from '#workflows/workflow';

/** Where a step stands, and what it sees. */
export interface Scope {
  /** The field of the list of steps, by which expressions are found. */
  at: string;
  path: NodePath;
  /** Whether other steps may work in files at the same time. */
  isSideBySide: boolean;
  /** For people: which item and iteration it is. */
  suffix: string;
  /** Nodes that have ended before. */
  needs: readonly string[];
  /** The node whose files are gone on with. */
  files: string | undefined;
  /** The variables of expressions, but for steps. */
  values: Readonly<Record<string, unknown>>;
  /** Results by the keys of steps. */
  steps: Readonly<Record<string, StepResult>>;
  /** The nodes of the last runs, by the names of steps. */
  runs: ReadonlyMap<string, string>;
}

/** The values of all variables. */
export function valuesIn(
  { values, steps }: Scope,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return { ...values, steps, ...more };
}

export function withResults(scope: Scope, results: Iterable<readonly [string, StepResult]>): Scope {
  const found = [...results].map(([name, result]) => [stepKey(name), result] as const);
  return { ...scope, steps: { ...scope.steps, ...Object.fromEntries(found) } };
}

export function withRuns(scope: Scope, runs: ReadonlyMap<string, string>): Scope {
  return runs.size === 0 ? scope : { ...scope, runs: new Map([...scope.runs, ...runs]) };
}

/** The text with the values of its placeholders. */
export function rendered(text: string, values: Readonly<Record<string, unknown>>): string {
  return replacePlaceholders(text, (path) => valueAt(values, path));
}

/** The value that a placeholder stands for; undefined where it stands for nothing. */
export function valueAt(
  values: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
): unknown {
  let value: unknown = values;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = fieldOf(value as Record<string | number, unknown>, part);
  }
  return value;
}

function fieldOf(object: Record<string | number, unknown>, part: string | number): unknown {
  if (Object.hasOwn(object, part)) return object[part];
  const key = stepKey(String(part));
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
