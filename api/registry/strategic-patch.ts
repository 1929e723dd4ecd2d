import { applyMergePatch } from '../machinery/merge-patch.ts';
import type { StructuralSchema } from '../schema/structural-schema.ts';
import { StatusError } from '../machinery/status-error.ts';

/** Only about the order of lists and the fields of unions, which the built-in kinds served here do not have. */
const HARMLESS = ['$retainKeys', '$setElementOrder/'];
const MAX_DEPTH = 500;

/**
 * kubectl apply sends strategic merge patches to built-in kinds. Those served here (Event, Namespace, Secret, ...)
 * hold maps and single values, where a strategic merge is a merge patch plus directives.
 * @throws StatusError UnsupportedMediaType for a directive that would need a real strategic merge
 */
function withoutDirectives(patch: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH || typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(patch)) {
    if (HARMLESS.some((directive) => name.startsWith(directive)) || name === '__proto__') continue;
    if (name.startsWith('$')) {
      throw new StatusError(
        'UnsupportedMediaType',
        `the strategic merge directive ${name} is not supported; use application/merge-patch+json`,
      );
    }
    result[name] = withoutDirectives(value, depth + 1);
  }
  return result;
}

/** What a strategic merge patch makes of an object of a built-in kind. */
export function applyStrategicPatch<T extends object>(
  _schema: StructuralSchema,
  object: T,
  patch: unknown,
): T {
  return applyMergePatch(object, withoutDirectives(patch));
}
