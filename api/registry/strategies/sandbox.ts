import { forbidden } from '../../structural-schema/field-error.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { immutableFields } from './strategy.ts';
import type { Strategy } from './strategy.ts';

const CHANGEABLE: ReadonlySet<string> = new Set([
  ...['answers', 'cancel', 'disruption', 'executorName', 'messages', 'priority'],
]);
/** When and where it starts, and how long it may take, as for a Pod that is held back (KEP-3838). */
const CHANGEABLE_UNBOUND: ReadonlySet<string> = new Set([
  ...CHANGEABLE,
  ...['executorSelector', 'interactive', 'timeoutSeconds', 'tolerations'],
]);

/**
 * A Sandbox is one run: what it runs never changes. Its binding is set once, as that of a Pod, so that two
 * executors can never both believe that the run is theirs.
 */
export const sandboxStrategy: Strategy = {
  validate(sandbox, previous) {
    if (previous === undefined) return [];
    const before = fieldsOf(previous['spec']);
    const after = fieldsOf(sandbox['spec']);
    const bound = before['executorName'] ?? '';
    const changeable = bound === '' ? CHANGEABLE_UNBOUND : CHANGEABLE;
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
      (name) => !changeable.has(name),
    );
    const causes = immutableFields({ at: 'spec', names, before, after, why: 'field is immutable' });
    if (bound !== '' && after['executorName'] !== bound) {
      causes.push(forbidden('spec.executorName', 'field is immutable once the Sandbox is bound'));
    }
    return causes;
  },
};
