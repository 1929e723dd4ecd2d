import { askedImage } from '#api/types/action';
import type { SandboxSpec } from '#api/types/generated/sandbox';
import type { Reader } from '../run/references.ts';
import { readRegistryCredential } from './registry-credential.ts';
import { runtimeLimits } from './runtime-limits.ts';
import type { RuntimeNeed } from './runtime-source.ts';

/** @throws StatusError BadRequest that names the field which is wrong. */
export function runtimeNeed(spec: SandboxSpec, client: Reader): RuntimeNeed {
  const asked = askedImage(spec);
  const { image, imagePullSecrets = [] } = asked;
  if (image === undefined) return { limits: runtimeLimits(spec) };
  const registryCredential = () => readRegistryCredential(client, asked);
  const isOpen = imagePullSecrets.length === 0;
  return { limits: runtimeLimits(spec), image, ...(isOpen ? {} : { registryCredential }) };
}
