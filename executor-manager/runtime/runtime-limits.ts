import { Quantity } from '#api/machinery/quantity';
import { badRequest } from '#api/machinery/status-error';
import type { SandboxSpec } from '#api/types/generated/sandbox';
import type { RuntimeLimits } from '../drivers/driver.ts';

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
    memory: Math.max(MIN_MEMORY, limit(memory, 'spec.resources.memory')),
    cpus: Math.max(0.01, limit(cpu, 'spec.resources.cpu')),
    pids,
    disk: Math.max(MIN_DISK, limit(disk, 'spec.resources.disk')),
  };
}

/** @throws StatusError BadRequest that names `field` */
function limit(text: string, field: string): number {
  const quantity = Quantity.parse(text.trim());
  if (quantity !== undefined && quantity.sign >= 0n) return quantity.asFloat();
  throw badRequest(`${field} must be a quantity such as 512Mi, 2Gi, 500m or 2, not "${text}"`);
}
