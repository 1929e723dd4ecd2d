import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';

/** The columns of Pods that take more than a path (kubernetes pkg/printers/internalversion/printers.go printPod). */

export type PodColumn = keyof typeof CELLS;
type Cell = (pod: Unstructured) => string;

const NONE = '<none>';

const CELLS = {
  ready: (pod) => `${containers(pod).filter(({ ready }) => ready === true).length}/${count(pod)}`,
  status: statusOf,
  restarts: (pod) => String(containers(pod).reduce((sum, one) => sum + Number(one['restartCount'] ?? 0), 0)),
  ip: (pod) => textOf(fieldsOf(pod['status'])['podIP']) || NONE,
  node: (pod) => textOf(fieldsOf(pod['spec'])['nodeName']) || NONE,
  nominatedNode: () => NONE,
  readinessGates: () => NONE,
} satisfies Record<string, Cell>;

export const podCell = (column: PodColumn): Cell => CELLS[column];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.map(fieldsOf) : []);
const containers = (pod: Unstructured): JsonObject[] => listOf(fieldsOf(pod['status'])['containerStatuses']);
const count = (pod: Unstructured): number => listOf(fieldsOf(pod['spec'])['containers']).length;

/** Why its container does not run, else its phase. */
function statusOf(pod: Unstructured): string {
  const phase = textOf(fieldsOf(pod['status'])['phase']);
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  if (pod.metadata.deletionTimestamp !== undefined && !isOver) return 'Terminating';
  const reasons = containers(pod).flatMap(({ state }) => {
    const { waiting, terminated } = fieldsOf(state);
    return [textOf(fieldsOf(waiting)['reason']), textOf(fieldsOf(terminated)['reason'])];
  });
  return reasons.find((reason) => reason !== '') ?? phase;
}
