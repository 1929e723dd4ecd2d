import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, invalidValue, unsupportedValue } from '../../structural-schema/field-error.ts';
import { qualifiedNameProblems } from '../../machinery/object-name.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Strategy } from './strategy.ts';

/** kubernetes pkg/apis/coordination/validation. */
export const leaseStrategy: Strategy = {
  validate(lease) {
    const spec = fieldsOf(lease['spec']);
    const { leaseDurationSeconds: duration, leaseTransitions: transitions, preferredHolder } = spec;
    const strategy = spec['strategy'] ?? '';
    const causes: StatusCause[] = [];
    if (isNumber(duration) && duration <= 0) {
      causes.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    }
    if (isNumber(transitions) && transitions < 0) {
      const detail = 'must be greater than or equal to 0';
      causes.push(invalidValue('spec.leaseTransitions', transitions, detail));
    }
    if (typeof spec['strategy'] === 'string') causes.push(...strategyProblems(spec['strategy']));
    if ((preferredHolder ?? '') !== '' && strategy === '') {
      causes.push(forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
    }
    return causes;
  },
};

const isNumber = (value: unknown): value is bigint | number =>
  typeof value === 'number' || typeof value === 'bigint';

const KNOWN = 'OldestEmulationVersion';

/** One that Kubernetes knows, or one of somebody's own domain. The doubled name in the path is upstream's. */
function strategyProblems(strategy: string): StatusCause[] {
  const field = 'spec.strategy.strategy';
  if (strategy === KNOWN) return [];
  if (!strategy.includes('/')) return [unsupportedValue(field, strategy, [KNOWN])];
  return qualifiedNameProblems(strategy).map((problem) => invalidValue(field, strategy, problem));
}
