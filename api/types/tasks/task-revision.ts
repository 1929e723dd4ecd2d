import { createHash } from 'node:crypto';
import { jsonText } from '../../machinery/json/json.ts';
import { objectKey } from '../../machinery/meta.ts';
import type { Task } from '../generated/task.ts';
import type { Team } from '../generated/team.ts';

/** Hexadecimal digits of the hash in a name: 80 bits, so that nobody meets or makes a second content of one name. */
const HASH_LENGTH = 20;
/** A name has at most 253 characters (RFC 1123); the rest is for the hash. */
const MAX_BASE_LENGTH = 200;

/** The name of the TaskRevision with this spec: the Team's name, for people, and a hash of the whole spec. */
export function taskRevisionName(spec: { teamRef: { name: string } }): string {
  const base = spec.teamRef.name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, MAX_BASE_LENGTH)
    .replace(/^-+|-+$/g, '');
  return `${base === '' ? 'team' : base}-${contentHash(spec)}`;
}

/** The key of the TaskRevision that a Task names, if it names one; for an index. */
export function namedRevision(task: Task | undefined): string[] {
  const name = task?.status?.revision;
  return name === undefined ? [] : [objectKey({ ...task?.metadata, name })];
}

/** The key of the TaskRevision that a Team is pinned to, if it is; for an index. */
export function pinnedRevision(team: Team | undefined): string[] {
  const name = team?.spec.revision;
  return name === undefined ? [] : [objectKey({ ...team?.metadata, name })];
}

/** The part of a configuration that says who works. */
interface Workforce {
  nodes: readonly { name: string; kind?: unknown; member?: unknown }[];
  members?: Readonly<Record<string, unknown>>;
}

/** The names of all who may work for a Task: those of its runs that are known, and those who may get runs later. */
export function memberNamesOf({ nodes, members = {} }: Workforce): string[] {
  const runs = nodes.filter(({ kind }) => kind === undefined);
  const working = runs.map(({ name, member }) => (typeof member === 'string' ? member : name));
  return [...new Set([...working, ...Object.keys(members)])];
}

function contentHash(spec: unknown): string {
  return createHash('sha256').update(canonicalJSON(spec)).digest('hex').slice(0, HASH_LENGTH);
}

/** JSON with sorted keys and without undefined fields, so that equal contents have equal texts. */
export function canonicalJSON(value: unknown): string {
  return jsonText(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]),
  );
}
