import { isDeepStrictEqual } from 'node:util';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { sandboxScheduling } from './sandbox-object.ts';
import type { RunSources } from './run-sources.ts';
import type { NodeRecord } from '../node-record.ts';

/** A Sandbox that waits, and the fields that it is to have: null where it is to have none. */
export interface RescheduledSandbox {
  sandbox: Sandbox;
  fields: Readonly<Partial<Record<SchedulingField, unknown>>>;
}

/** They decide when and where a run starts: the server lets them be changed as long as it has no Executor. */
const FIELDS = ['executorSelector', 'interactive', 'priority', 'timeoutSeconds', 'tolerations'] as const;
type SchedulingField = (typeof FIELDS)[number];

/** Its fields as the Task has them by now; undefined when it has them, or no longer waits. */
export function rescheduled(
  sources: RunSources,
  { record, sandbox }: { record: NodeRecord; sandbox: Sandbox | undefined },
): RescheduledSandbox | undefined {
  if (sandbox === undefined || !isWaiting(sandbox)) return undefined;
  const wanted: Partial<SandboxSpec> = sandboxScheduling(sources, record);
  const { spec } = sandbox;
  const changed = FIELDS.filter((field) => !isDeepStrictEqual(wanted[field], spec[field]));
  if (changed.length === 0) return undefined;
  const fields = Object.fromEntries(changed.map((field) => [field, mergePatch(spec[field], wanted[field])]));
  return { sandbox, fields };
}

const isWaiting = ({ metadata, spec }: Sandbox): boolean =>
  spec.executorName === undefined && spec.cancel !== true && metadata.deletionTimestamp === undefined;

/** In a merge patch (RFC 7396) the labels that are left out would stay. */
function mergePatch(before: unknown, after: unknown): unknown {
  if (after === undefined) return null;
  if (!isMap(before) || !isMap(after)) return after;
  return { ...Object.fromEntries(Object.keys(before).map((key) => [key, null])), ...after };
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
