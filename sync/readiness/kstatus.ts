import type { Condition } from '#api/machinery/condition';
import { parseApiVersion, TROUPE_GROUP } from '#api/machinery/group-version-kind';
import { fieldsOf } from '#api/machinery/json/json';
import type { Unstructured } from '#api/machinery/meta';

/** How an object stands, by the rules of kstatus. */
export interface ObjectStatus {
  state: 'Current' | 'Failed' | 'InProgress' | 'Terminating';
  message: string;
}

/** Kinds of ours that get a condition Ready as soon as somebody has looked at them. */
const GET_READY = new Set([
  ...['Bot', 'Collaboration', 'Executor', 'Ghost', 'MCPServer', 'Model', 'Sandbox', 'Shell', 'Skill'],
  ...['Sync', 'Task', 'Team', 'User', 'Workspace'],
]);

/**
 * Whether an object is as its spec says (sigs.k8s.io/cli-utils pkg/kstatus/status: generic.go, status.go). The rules for
 * kinds of workloads, which this API does not serve, are left out; those that hold for every kind are here, and that of
 * definitions. One rule is added: an object of ours that has no condition Ready was not looked at yet. Pure.
 */
export function objectStatus(object: Unstructured): ObjectStatus {
  const { metadata, kind } = object;
  const status = fieldsOf(object['status']);
  if (metadata.deletionTimestamp !== undefined)
    return { state: 'Terminating', message: 'it is being deleted' };
  const { observedGeneration } = status;
  if (typeof observedGeneration === 'number' && observedGeneration !== metadata.generation) {
    return { state: 'InProgress', message: 'the newest version of it was not looked at yet' };
  }
  const conditions = Array.isArray(status['conditions']) ? (status['conditions'] as Condition[]) : [];
  const find = (type: string): Condition | undefined => conditions.find((one) => one.type === type);
  const reconciling = find('Reconciling');
  if (reconciling?.status === 'True') return { state: 'InProgress', message: reconciling.message };
  const stalled = find('Stalled');
  if (stalled?.status === 'True') return { state: 'Failed', message: stalled.message };
  if (kind === 'CustomResourceDefinition') return definitionStatus(find);
  return readyStatus(object, find('Ready'));
}

function readyStatus({ apiVersion, kind }: Unstructured, ready: Condition | undefined): ObjectStatus {
  if (ready !== undefined) {
    return { state: ready.status === 'True' ? 'Current' : 'InProgress', message: ready.message };
  }
  const isOurs = parseApiVersion(apiVersion).group === TROUPE_GROUP;
  return isOurs && GET_READY.has(kind)
    ? { state: 'InProgress', message: 'nobody has looked at it yet' }
    : { state: 'Current', message: 'it has no conditions' };
}

/** crdConditions of pkg/kstatus/status/core.go */
function definitionStatus(find: (type: string) => Condition | undefined): ObjectStatus {
  const names = find('NamesAccepted');
  if (names?.status === 'False') return { state: 'Failed', message: names.message };
  const established = find('Established');
  if (established?.status === 'True') return { state: 'Current', message: established.message };
  return { state: 'InProgress', message: established?.message ?? 'it is not served yet' };
}
