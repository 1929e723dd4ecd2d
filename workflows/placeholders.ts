/**
 * Placeholders in texts of a workflow: `{{steps.plan.output.title}}`. They are paths and no code, and what is put in is
 * never read again.
 */

export interface Placeholder {
  /** As it stands in the text, with its braces. */
  text: string;
  /** The variable, then names of fields and positions in lists. */
  path: readonly (string | number)[];
}

const PLACEHOLDER = /\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*)\s*\}\}/g;

export function placeholdersOf(text: string): Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)].map(([whole, path = '']) => ({ text: whole, path: readPath(path) }));
}

function readPath(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([\w-]+)/g)].map(([, position, name = '']) =>
    position === undefined ? name : Number(position),
  );
}

/** The text with each placeholder replaced. */
export function replacePlaceholders(
  text: string,
  valueOf: (path: readonly (string | number)[]) => unknown,
): string {
  return text.replaceAll(PLACEHOLDER, (_, path: string) => shown(valueOf(readPath(path))));
}

/** Words as they are, everything else as JSON. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
