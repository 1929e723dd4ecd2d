import type { SandboxSpec } from '#api/types/generated/sandbox';
import { runtimeLimits } from '../runtime/runtime-limits.ts';

/** Entries without content, such as links and empty files, take room in an archive and none of the disk's limit. */
const HEADER_BYTES = 256 * 1024 * 1024;

/** Bytes that an archive of a Sandbox's workspace may have. @throws StatusError BadRequest for a wrong quantity. */
export function archiveLimit(spec: Pick<SandboxSpec, 'resources'>): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.floor(runtimeLimits(spec).disk) + HEADER_BYTES);
}
