import { Quantity } from '../machinery/quantity.ts';
import { quantityText } from '../machinery/quantity-text.ts';
import type { Unstructured } from '../machinery/meta.ts';
import type { Sandbox } from './generated/sandbox.ts';
import { isFinalPhase } from './sandboxes/sandbox.ts';
import { isConversation } from './shells/shell-types.ts';

/** core/v1 ResourceQuota. Limits are quantities, by the name of what is limited. */
export interface ResourceQuota extends Unstructured {
  spec?: { hard?: Record<string, string> };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

/** The name under which quotas count the objects of a resource (kubernetes pkg/quota/v1/generic/evaluator.go). */
export function countName({ group, plural }: { group: string; plural: string }): string {
  return group === '' ? `count/${plural}` : `count/${plural}.${group}`;
}

/** Resources of the core group that quotas may also name without `count/` (pkg/quota/v1/evaluator/core/registry.go). */
const ALIASES: ReadonlySet<string> = new Set(['configmaps', 'resourcequotas', 'secrets']);

/** All names under which quotas count the objects of a resource. */
export function countNames(resource: { group: string; plural: string }): string[] {
  const { group, plural } = resource;
  return [countName(resource), ...(group === '' && ALIASES.has(plural) ? [plural] : [])];
}

/** The resource whose objects a name counts; undefined for a name that counts something else. */
export function countedResource(name: string): { group: string; plural: string } | undefined {
  if (ALIASES.has(name)) return { group: '', plural: name };
  if (!name.startsWith('count/')) return undefined;
  const [plural = '', ...group] = name.slice('count/'.length).split('.');
  return { group: group.join('.'), plural };
}

/** The use by the live Sandboxes of a namespace; cpu and memory in billionths of a core and of a byte, since sums are exact. */
export interface SandboxUse {
  sandboxes: number;
  cpu: bigint;
  memory: bigint;
}

export const NO_USE: SandboxUse = { sandboxes: 0, cpu: 0n, memory: 0n };

/** The sum of two uses; with `sign` -1, the first without the second. */
export function addUse(a: SandboxUse, b: SandboxUse, sign: 1 | -1 = 1): SandboxUse {
  const factor = BigInt(sign);
  return {
    sandboxes: a.sandboxes + sign * b.sandboxes,
    cpu: a.cpu + factor * b.cpu,
    memory: a.memory + factor * b.memory,
  };
}

/**
 * The use of quotas by a Sandbox that runs. A Sandbox requests what it may use at most. One that only talks shares a
 * process, which has its limits from its Executor.
 */
export function useOfSandbox({ spec }: Pick<Sandbox, 'spec'>): SandboxUse {
  if (isConversation(spec)) return { sandboxes: 1, cpu: 0n, memory: 0n };
  const { cpu, memory } = spec.resources ?? {};
  return { sandboxes: 1, cpu: nanos(cpu), memory: nanos(memory) };
}

const nanos = (quantity = '0'): bigint => Quantity.parse(quantity)?.nanos ?? 0n;

/**
 * Names that limit Sandboxes. They are held to when a Sandbox is bound, not when it is made: one that waits uses nothing, and
 * no Task fails for want of room. Sandboxes are what tools see as Pods.
 */
const OF_SANDBOXES: Readonly<Record<string, keyof SandboxUse>> = {
  'count/sandboxes.agent.wecode.io': 'sandboxes',
  'count/pods': 'sandboxes',
  pods: 'sandboxes',
  cpu: 'cpu',
  'requests.cpu': 'cpu',
  'limits.cpu': 'cpu',
  memory: 'memory',
  'requests.memory': 'memory',
  'limits.memory': 'memory',
};

export function limitsSandboxes(name: string): boolean {
  return Object.hasOwn(OF_SANDBOXES, name);
}

/** How much of a name that limits Sandboxes such a use is. */
export function sandboxQuantity(name: string, use: SandboxUse): Quantity {
  const part = OF_SANDBOXES[name] ?? 'sandboxes';
  const value = use[part];
  return typeof value === 'bigint' ? new Quantity(value, true) : Quantity.of(BigInt(value));
}

/** Such a quantity in words of Kubernetes: memory in powers of two. */
export function sandboxQuantityText(name: string, quantity: Quantity): string {
  return quantityText(quantity, OF_SANDBOXES[name] === 'memory' ? 'binary' : 'decimal');
}

/** Whether it counts: it is bound, and has not ended. */
export function usesQuota({ spec, status }: Sandbox): boolean {
  return spec.executorName !== undefined && !isFinalPhase(status?.phase);
}

/** The words of a refusal (apiserver pkg/admission/plugin/resourcequota). Each list has the names that are exceeded. */
export function exceededQuota(quota: string, by: Record<'requested' | 'used' | 'limited', Amounts>): string {
  const { requested, used, limited } = by;
  return `exceeded quota: ${quota}, requested: ${amountsText(requested)}, used: ${amountsText(used)}, limited: ${amountsText(limited)}`;
}

/** Canonical quantities by name. */
export type Amounts = Readonly<Record<string, string>>;

function amountsText(amounts: Amounts): string {
  return Object.entries(amounts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => `${name}=${amount}`)
    .join(',');
}
