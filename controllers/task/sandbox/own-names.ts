import type { Task } from '#api/types/generated/task';

/** A name has at most 253 characters (RFC 1123); the rest is for uid and for what an object is. */
const MAX_BASE_LENGTH = 200;

/**
 * The beginning of the names of objects that a Task has made. Part of the uid keeps apart Tasks made again under one
 * name, and names that differ only in what a DNS name cannot hold.
 */
export function nameOfTask({ metadata }: Task): string {
  const base = metadata.name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, MAX_BASE_LENGTH)
    .replace(/^-+|-+$/g, '');
  return `${base === '' ? 'task' : base}-${(metadata.uid ?? '').slice(0, 5)}`;
}

/** All that nameOfTask may have been, if a Task has given the name: what stands before a dash. */
export function possibleTaskNames(name: string): string[] {
  const parts = name.split('-');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('-'));
}

/** Whether a name can stand in a label. */
export function isLabelValue(value: string): boolean {
  return value.length <= 63 && /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(value);
}
