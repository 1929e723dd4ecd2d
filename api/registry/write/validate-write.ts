import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import { validateObjectMeta } from '../../schema/object-meta.ts';
import type { Resource } from '../resource.ts';
import { scaleProblems } from '../scale-object.ts';
import { strategyOf } from '../strategies/strategies.ts';
import { finalizerProblems, finalizerWarnings } from './finalizers.ts';

/** @param previous absent for a create. @throws StatusError Invalid with one cause for each problem */
export function validateWrite(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): void {
  const ofMetadata = validateObjectMeta(object.metadata, resource);
  const ofSchema = resource.compiled.validate(object, previous, ofMetadata);
  // The rules of a kind rely on the types; kube-apiserver, too, judges only what it could decode.
  const isTyped = ofSchema.every(({ reason }) => reason !== 'FieldValueTypeInvalid');
  const causes = [
    ...ofMetadata,
    ...ofSchema,
    ...(resource.scale === undefined ? [] : scaleProblems(object, resource.scale)),
    ...(isTyped ? kindProblems(resource, object, previous) : []),
    ...finalizerProblems(resource, object, previous),
  ];
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

function kindProblems(resource: Resource, object: Unstructured, previous: Unstructured | undefined) {
  const strategy = strategyOf(resource);
  // Objects stored before a field had a default count as having it, or they could no longer be changed.
  const before = strategy.validate && previous && resource.compiled.applyDefaults(previous);
  return strategy.validate?.(object, before, resource) ?? [];
}

/** Hints for the client about a valid write (WarningsOnCreate and WarningsOnUpdate of a strategy). */
export function writeWarnings(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): string[] {
  return [
    ...(strategyOf(resource).warnings?.(object, previous) ?? []),
    ...finalizerWarnings(resource, object, previous),
  ];
}
