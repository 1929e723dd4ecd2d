import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { checkParameters } from '../../schema/parameters.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { isTask } from '../resource.ts';
import { translated } from '../storage-failure.ts';
import type { ValidatingPlugin } from './admission.ts';

const TEAMS = 'teams.agent.wecode.io';
const AT = { resource: { group: TROUPE_GROUP, plural: 'teams' } };
const COLLABORATIONS = 'collaborations.agent.wecode.io';
const AT_WORKFLOW = { resource: { group: TROUPE_GROUP, plural: 'collaborations' } };

/**
 * Holds the parameters of a Task to the schemas of its Team and of the workflow of that, where these are there already: whoever
 * makes the Task learns of a wrong one at once. The task controller judges them again before it starts. That the writer may
 * use the Team was judged before, and that the Team may use its Collaboration, so the schemas tell nothing to somebody else.
 */
export function taskParameters(store: Pick<ObjectStore, 'get'>): ValidatingPlugin {
  return {
    name: 'TaskParameters',
    async validate(request) {
      const { operation, resource, subresource, object, previous } = request;
      if (operation === 'DELETE' || !isTask(resource) || subresource !== undefined) return;
      const before = previous && askedOf(previous);
      const asked = askedOf(object);
      // Without parameters a Task may still lack one that is required.
      if (before !== undefined && deepEqual(before, asked)) return;
      const key = keyOf(TEAMS, asked.teamRef, request.namespace);
      const team = await translated(store.get(key), AT);
      const spec = fieldsOf(fieldsOf(team?.object)['spec']);
      const causes = problems(spec['parametersSchema'], asked.parameters);
      const workflow = workflowKey(asked, spec, key.namespace);
      if (workflow !== undefined) {
        const found = await translated(store.get(workflow), AT_WORKFLOW);
        const { parameters } = fieldsOf(fieldsOf(found?.object)['spec']);
        causes.push(...problems(parameters, asked.parameters).filter((cause) => !isTold(cause, causes)));
      }
      if (causes.length > 0) throw invalid(resource, request.name, causes);
    },
  };
}

interface Asked {
  teamRef: Record<string, unknown>;
  parameters: Record<string, unknown> | undefined;
  /** Whether the steps may be those of the Collaboration as it is now. */
  isGiven: boolean;
}

function askedOf(task: Unstructured): Asked {
  const { teamRef, parameters, executionMode, revision } = fieldsOf(task['spec']);
  return {
    teamRef: fieldsOf(teamRef),
    parameters: parameters === undefined ? undefined : fieldsOf(parameters),
    isGiven: executionMode !== 'planned' && revision === undefined,
  };
}

/** The Collaboration that says what the Task takes; a Team that is pinned works by its TaskRevision. */
function workflowKey({ isGiven }: Asked, team: Record<string, unknown>, namespace: string) {
  const { collaborationRef, revision } = team;
  if (!isGiven || collaborationRef === undefined || revision !== undefined) return undefined;
  return keyOf(COLLABORATIONS, fieldsOf(collaborationRef), namespace);
}

function keyOf(resource: string, { name, namespace }: Record<string, unknown>, around: string) {
  const place = typeof namespace === 'string' && namespace !== '' ? namespace : around;
  return { resource, namespace: place, name: typeof name === 'string' ? name : '' };
}

const isTold = ({ field, message }: StatusCause, told: readonly StatusCause[]): boolean =>
  told.some((one) => one.field === field && one.message === message);

function problems(schema: unknown, parameters: Asked['parameters']): StatusCause[] {
  // A Team or a workflow that is not there yet, or takes none.
  if (schema === undefined) return [];
  return checkParameters(schema, parameters ?? {}, 'spec.parameters').causes;
}
