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
import type { AdmissionRequest, ValidatingPlugin } from './admission.ts';

const TEAMS = 'teams.agent.wecode.io';
const AT = { resource: { group: TROUPE_GROUP, plural: 'teams' } };

/**
 * Holds the parameters of a Task to the schema of its Team, where the Team is there already: whoever makes the Task learns
 * of a wrong one at once. The task controller judges them again before it starts. That the writer may use the Team was judged
 * before, so the schema tells nothing to somebody else.
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
      const team = await translated(store.get(teamKey(request, asked.teamRef)), AT);
      const { parametersSchema } = fieldsOf(fieldsOf(team?.object)['spec']);
      const causes = problems(parametersSchema, asked.parameters);
      if (causes.length > 0) throw invalid(resource, request.name, causes);
    },
  };
}

interface Asked {
  teamRef: Record<string, unknown>;
  parameters: Record<string, unknown> | undefined;
}

function askedOf(task: Unstructured): Asked {
  const { teamRef, parameters } = fieldsOf(task['spec']);
  return {
    teamRef: fieldsOf(teamRef),
    parameters: parameters === undefined ? undefined : fieldsOf(parameters),
  };
}

function teamKey(request: AdmissionRequest, { name, namespace }: Asked['teamRef']) {
  const place = typeof namespace === 'string' && namespace !== '' ? namespace : request.namespace;
  return { resource: TEAMS, namespace: place, name: typeof name === 'string' ? name : '' };
}

function problems(schema: unknown, parameters: Asked['parameters']): StatusCause[] {
  // A Team that is not there yet, or takes none.
  if (schema === undefined) return [];
  return checkParameters(schema, parameters ?? {}, 'spec.parameters').causes;
}
