import { fieldsOf } from '../../machinery/json/json.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import { taskRevisionName } from '../../types/tasks/task-revision.ts';
import type { Strategy } from './strategy.ts';

/**
 * A TaskRevision is named by its content. So whoever names one knows what is in it, also after it was deleted and made
 * a second time. That its spec never changes is a rule of the CRD.
 */
export const taskRevisionStrategy: Strategy = {
  validate(revision, previous) {
    if (previous !== undefined) return [];
    const spec = fieldsOf(revision['spec']);
    const { name } = fieldsOf(spec['teamRef']);
    // The schema says so already.
    if (typeof name !== 'string') return [];
    const expected = taskRevisionName({ ...spec, teamRef: { ...fieldsOf(spec['teamRef']), name } });
    if (revision.metadata.name === expected) return [];
    const why = `must be ${JSON.stringify(expected)}: a TaskRevision is named by the content of its spec`;
    return [invalidValue('metadata.name', revision.metadata.name, why)];
  },
};
