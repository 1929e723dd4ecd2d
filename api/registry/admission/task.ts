import { fieldsOf, immutableFields } from './rules.ts';
import type { Admission } from './rules.ts';

/** What the snapshot was taken from: a change could not have any effect, so it is refused instead of ignored. */
const FIXED = ['prompt', 'teamRef', 'workspaceRef'];

export const taskAdmission: Admission = {
  judge(task, previous) {
    if (previous === undefined || fieldsOf(previous['status'])['snapshot'] === undefined) return [];
    return immutableFields({
      at: 'spec',
      names: FIXED,
      before: fieldsOf(previous['spec']),
      after: fieldsOf(task['spec']),
      why: 'field is immutable once the Task has started (status.snapshot is set)',
    });
  },
};
