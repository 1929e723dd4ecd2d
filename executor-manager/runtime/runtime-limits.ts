import type { SandboxSpec } from '#api/types/generated/sandbox';
import type { RuntimeLimits } from '../drivers/driver.ts';
import { parseQuantity } from '../drivers/quantity.ts';

/** Engines refuse less than a few MiB, and Node needs more than that to say so. */
const MIN_MEMORY = 64 * 1024 * 1024;
const MIN_DISK = 1024 * 1024;

/**
 * The limits of a sandbox; the defaults are those of the Sandbox's CustomResourceDefinition.
 * @throws StatusError BadRequest that names the field.
 */
export function runtimeLimits({ resources }: Pick<SandboxSpec, 'resources'>): RuntimeLimits {
  const { memory = '2Gi', cpu = '2', pids = 512, disk = '10Gi' } = resources ?? {};
  return {
    memory: Math.max(MIN_MEMORY, parseQuantity(memory, 'spec.resources.memory')),
    cpus: Math.max(0.01, parseQuantity(cpu, 'spec.resources.cpu')),
    pids,
    disk: Math.max(MIN_DISK, parseQuantity(disk, 'spec.resources.disk')),
  };
}
