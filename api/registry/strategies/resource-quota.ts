import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { qualifiedNameProblems } from '../../machinery/object-name.ts';
import { canonicalQuantity } from '../../machinery/quantity-text.ts';
import { Quantity, readQuantity } from '../../machinery/quantity.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, invalidValue } from '../../structural-schema/field-error.ts';
import type { Strategy } from './strategy.ts';

/** kubernetes pkg/registry/core/resourcequota/strategy.go and ValidateResourceQuota of pkg/apis/core/validation. */
export const resourceQuotaStrategy: Strategy = {
  findUnknownFields(quota) {
    for (const { amount } of amountsOf(quota)) checkQuantity(amount);
    return [];
  },
  prepareForCreate: (quota) => ({ ...quota, status: {} }),
  validate: (quota) => [
    ...amountsOf(quota).flatMap(({ name, field }) => nameProblems(name, field)),
    ...amountsOf(quota).flatMap(amountProblems),
    ...scopeProblems(fieldsOf(quota['spec'])),
  ],
  canonicalize: (quota) => ({
    ...quota,
    ...withCanonical(quota, 'spec', ['hard']),
    ...withCanonical(quota, 'status', ['hard', 'used']),
  }),
};

interface Amount {
  name: string;
  /** As the client wrote it. */
  amount: string;
  field: string;
}

function amountsOf(quota: Unstructured): Amount[] {
  const lists = [
    { at: 'spec.hard', list: fieldsOf(fieldsOf(quota['spec'])['hard']) },
    { at: 'status.hard', list: fieldsOf(fieldsOf(quota['status'])['hard']) },
    { at: 'status.used', list: fieldsOf(fieldsOf(quota['status'])['used']) },
  ];
  return lists.flatMap(({ at, list }) =>
    Object.entries(list).map(([name, amount]) => ({ name, amount: textOf(amount), field: `${at}[${name}]` })),
  );
}

/** A number in JSON is a quantity, too. */
const textOf = (amount: unknown): string =>
  typeof amount === 'string' || typeof amount === 'number' ? `${amount}` : '';

/** @throws StatusError BadRequest, as Go's decoder of quantities does */
function checkQuantity(amount: string): void {
  const problem = readQuantity(amount);
  if (typeof problem !== 'string') return;
  throw badRequest(`ResourceQuota in version "v1" cannot be handled as a ResourceQuota: ${problem}`);
}

/** IsStandardQuotaResourceName of pkg/apis/core/helper. */
const STANDARD: ReadonlySet<string> = new Set([
  ...['cpu', 'memory', 'ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.storage'],
  ...['requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage'],
]);
const WHOLE: ReadonlySet<string> = new Set([
  ...['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'persistentvolumeclaims'],
  ...['configmaps', 'services.nodeports', 'services.loadbalancers'],
]);

function nameProblems(name: string, field: string): StatusCause[] {
  const causes = qualifiedNameProblems(name).map((problem) => invalidValue(field, name, problem));
  if (name.includes('/') || STANDARD.has(name) || WHOLE.has(name)) return causes;
  const standard = invalidValue(field, name, 'must be a standard resource type or fully qualified');
  return [
    ...(causes.length === 0 ? [standard] : causes),
    invalidValue(field, name, 'must be a standard resource for quota'),
  ];
}

function amountProblems({ name, amount, field }: Amount): StatusCause[] {
  const quantity = Quantity.parse(amount);
  if (quantity === undefined) return [];
  const value = canonicalQuantity(amount);
  const problems = [
    ...(quantity.sign < 0n ? ['must be greater than or equal to 0'] : []),
    ...(WHOLE.has(name) && !quantity.isInteger ? ['must be an integer'] : []),
  ];
  return problems.map((problem) => invalidValue(field, value, problem));
}

function scopeProblems({ scopes, scopeSelector }: JsonObject): StatusCause[] {
  const why = 'scopes are not supported, a quota counts everything in its namespace';
  return [
    ...(Array.isArray(scopes) && scopes.length > 0 ? [forbidden('spec.scopes', why)] : []),
    ...(scopeSelector === undefined ? [] : [forbidden('spec.scopeSelector', why)]),
  ];
}

function withCanonical(quota: Unstructured, part: 'spec' | 'status', lists: readonly string[]): JsonObject {
  if (quota[part] === undefined) return {};
  const fields = fieldsOf(quota[part]);
  const canonical = lists.flatMap((list) => {
    if (fields[list] === undefined) return [];
    const amounts = Object.entries(fieldsOf(fields[list])).map(([name, amount]) => [
      name,
      canonicalQuantity(textOf(amount)),
    ]);
    return [[list, Object.fromEntries(amounts)]];
  });
  return { [part]: { ...fields, ...Object.fromEntries(canonical) } };
}
