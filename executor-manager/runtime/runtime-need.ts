import type { SandboxSpec } from '#api/types/generated/sandbox';
import { runtimeLimits } from './runtime-limits.ts';
import type { RuntimeNeed } from './runtime-source.ts';

/** @throws StatusError BadRequest that names the field which is wrong. */
export function runtimeNeed(spec: SandboxSpec): RuntimeNeed {
  const image = spec.shell?.image;
  return { limits: runtimeLimits(spec), ...(image === undefined ? {} : { image }) };
}
