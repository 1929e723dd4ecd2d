import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { isStatusError } from '../../machinery/status-error.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import type { Resource } from '../resource.ts';
import type { CreateAdmission } from './admission.ts';
import { taskParameters } from './task-parameters.ts';

const schema = (required: string[], properties: JsonObject) => ({ type: 'object', required, properties });
const OBJECTS: Record<string, JsonObject> = {
  'teams.agent.wecode.io/ns/flow': { collaborationRef: { name: 'c' } },
  'teams.agent.wecode.io/ns/pinned': { collaborationRef: { name: 'c' }, revision: 'r' },
  'teams.agent.wecode.io/ns/away': { collaborationRef: { name: 'gone' } },
  'teams.agent.wecode.io/ns/both': {
    parametersSchema: schema(['branch'], { branch: { type: 'string' } }),
    collaborationRef: { name: 'c', namespace: 'other' },
  },
  'collaborations.agent.wecode.io/ns/c': {
    parameters: schema(['branch'], { branch: { type: 'string', pattern: '^[a-z]+$' } }),
  },
  'collaborations.agent.wecode.io/other/c': {
    parameters: schema(['branch'], { branch: { type: 'string', maxLength: 3 } }),
  },
};
const store = {
  get: ({ resource, namespace, name }: { resource: string; namespace: string; name: string }) => {
    const spec = OBJECTS[`${resource}/${namespace}/${name}`];
    return Promise.resolve(spec === undefined ? undefined : { object: { spec } });
  },
} as unknown as Pick<ObjectStore, 'get'>;

async function causesFor(spec: JsonObject): Promise<string[]> {
  const request = {
    ...{ operation: 'CREATE', namespace: 'ns', name: 't', subresource: undefined, previous: undefined },
    resource: { group: 'agent.wecode.io', kind: 'Task', plural: 'tasks' } as unknown as Resource,
    object: { spec } as unknown as Unstructured,
  } as CreateAdmission;
  try {
    await taskParameters(store).validate(request);
    return [];
  } catch (error) {
    if (!isStatusError(error, 'Invalid')) throw error;
    return (error.details?.causes ?? []).map(({ field = '', message }) => `${field}: ${message}`);
  }
}

describe('the parameters of a Task', () => {
  it.each<{ reason: string; spec: JsonObject; want: string[] }>([
    {
      reason: 'fit the workflow',
      spec: { teamRef: { name: 'flow' }, parameters: { branch: 'main' } },
      want: [],
    },
    {
      reason: 'miss one of the workflow',
      spec: { teamRef: { name: 'flow' } },
      want: ['spec.parameters.branch: Required value'],
    },
    {
      reason: 'do not match a pattern of the workflow',
      spec: { teamRef: { name: 'flow' }, parameters: { branch: 'M1' } },
      want: [
        'spec.parameters.branch: Invalid value: "M1": spec.parameters.branch in body should match \'^[a-z]+$\'',
      ],
    },
    {
      reason: 'lack the same by both schemas, which is told once',
      spec: { teamRef: { name: 'both' } },
      want: ['spec.parameters.branch: Required value'],
    },
    {
      reason: 'break the rule of a workflow elsewhere',
      spec: { teamRef: { name: 'both' }, parameters: { branch: 'main' } },
      want: ['spec.parameters.branch: Too long: may not be more than 3 bytes'],
    },
    {
      reason: 'are for a plan of the leader',
      spec: { teamRef: { name: 'flow' }, executionMode: 'planned' },
      want: [],
    },
    { reason: 'are for what the Team is pinned to', spec: { teamRef: { name: 'pinned' } }, want: [] },
    { reason: 'are for a TaskRevision', spec: { teamRef: { name: 'flow' }, revision: 'r' }, want: [] },
    { reason: 'are for a workflow that is not there yet', spec: { teamRef: { name: 'away' } }, want: [] },
    { reason: 'are for a Team that is not there yet', spec: { teamRef: { name: 'nobody' } }, want: [] },
  ])('$reason', async ({ spec, want }) => {
    expect(await causesFor(spec)).toEqual(want);
  });
});
