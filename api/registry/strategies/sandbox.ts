import { forbidden } from '../../structural-schema/field-error.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { immutableFields } from './strategy.ts';
import type { Strategy } from './strategy.ts';

const CHANGEABLE = new Set(['answers', 'cancel', 'disruption', 'executorName', 'messages', 'priority']);

/**
 * A Sandbox is one run: what it runs never changes. Its binding is set once, as that of a Pod, so that two
 * executors can never both believe that the run is theirs.
 */
export const sandboxStrategy: Strategy = {
  validate(sandbox, previous) {
    if (previous === undefined) return [];
    const before = fieldsOf(previous['spec']);
    const after = fieldsOf(sandbox['spec']);
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
      (name) => !CHANGEABLE.has(name),
    );
    const causes = immutableFields({ at: 'spec', names, before, after, why: 'field is immutable' });
    const bound = before['executorName'] ?? '';
    if (bound !== '' && after['executorName'] !== bound) {
      causes.push(forbidden('spec.executorName', 'field is immutable once the Sandbox is bound'));
    }
    return causes;
  },
};
