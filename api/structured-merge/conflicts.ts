import { StatusError } from '../machinery/status-error.ts';
import type { StatusCause } from '../machinery/status-error.ts';
import { goQuote } from '../machinery/go-text.ts';
import type { ManagerEntry } from './managed-fields.ts';
import { elementText } from './path-element.ts';
import type { PathElement } from './path-element.ts';
import { compareBytes } from '../machinery/byte-order.ts';

/** A field that an apply sets to another value than its owner did. */
export interface Conflict {
  /** managerId */
  id: string;
  entry: ManagerEntry;
  path: PathElement[];
}

/** What an apply without force ends with when others own what it would change. */
export class ConflictsError extends Error {
  readonly conflicts: readonly Conflict[];

  /** The conflicts of one manager stand together. */
  constructor(conflicts: readonly Conflict[]) {
    super('apply conflicts');
    this.conflicts = conflicts.toSorted((left, right) => compareBytes(left.id, right.id));
  }

  /** In the words of apimachinery util/managedfields/internal/conflict.go. */
  toStatusError(): StatusError {
    const causes: StatusCause[] = this.conflicts.map(({ entry, path }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${managerText(entry)}`,
      field: pathText(path),
    }));
    return new StatusError('Conflict', this.#message(), { details: { causes } });
  }

  #message(): string {
    const [first, ...others] = this.conflicts;
    if (first !== undefined && others.length === 0)
      return `Apply failed with 1 conflict: conflict with ${managerText(first.entry)}: ${pathText(first.path)}`;
    const byManager = Map.groupBy(this.conflicts, ({ id }) => id);
    const lines: string[] = [];
    for (const [first, ...others] of byManager.values()) {
      if (first === undefined) continue;
      lines.push(`conflicts with ${managerText(first.entry)}:`);
      for (const { path } of [first, ...others]) lines.push(`- ${pathText(path)}`);
    }
    return `Apply failed with ${this.conflicts.length} conflicts: ${lines.join('\n')}`;
  }
}

function pathText(path: readonly PathElement[]): string {
  return path.map(elementText).join('');
}

function managerText({ manager, applied, apiVersion, subresource }: ManagerEntry): string {
  const within = subresource === '' ? '' : ` with subresource ${goQuote(subresource)}`;
  return `${goQuote(manager)}${within}${applied ? '' : ` using ${apiVersion}`}`;
}
