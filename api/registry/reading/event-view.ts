import type { Unstructured } from '../../machinery/meta.ts';

/** Event of events.k8s.io/v1 and of core/v1 are one object with two spellings (kubernetes pkg/apis/events/v1/conversion.go). */

/** events.k8s.io -> core; all other fields have the same name in both. */
const CORE_NAMES: ReadonlyMap<string, string> = new Map([
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
]);

const VIEW_NAMES: ReadonlyMap<string, string> = new Map([...CORE_NAMES].map(([view, core]) => [core, view]));

/** A stored event of core/v1 as one of events.k8s.io/v1. */
export function eventView(event: Unstructured): Unstructured {
  return { ...renamed(event, VIEW_NAMES), apiVersion: 'events.k8s.io/v1' };
}

/** The reverse. */
export function coreEvent(event: Unstructured): Unstructured {
  return { ...renamed(event, CORE_NAMES), apiVersion: 'v1' };
}

/** The field of a stored event that a field selector on the view means. */
export function coreEventField(field: string): string {
  const [first = '', ...rest] = field.split('.');
  return [CORE_NAMES.get(first) ?? first, ...rest].join('.');
}

function renamed(event: Unstructured, names: ReadonlyMap<string, string>): Unstructured {
  const entries = Object.entries(event).map(([field, value]) => [names.get(field) ?? field, value]);
  return Object.fromEntries(entries) as Unstructured;
}
