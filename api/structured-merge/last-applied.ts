import { parseJsonText } from '../machinery/json/json.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import { misfit } from './check-fit.ts';
import { compare } from './compare.ts';
import { ConflictsError } from './conflicts.ts';
import { fieldSetOf } from './field-set-of.ts';
import { difference, hasPath, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { goJson } from '../machinery/go-text.ts';
import type { VersionedObject } from './versioned-object.ts';

/**
 * From client-side apply to server-side apply: kubectl's annotation says what it set before, so that changing that
 * is no conflict; and the annotation is kept in step, so that client-side apply can be used again (apimachinery
 * util/managedfields/internal/lastappliedmanager.go and lastappliedupdater.go).
 */

/** Only what this manager applies is looked at. */
export const KUBECTL = 'kubectl';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** All annotations together, in bytes (apimachinery pkg/api/validation). */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/**
 * Returns when client-side apply set all that conflicts.
 * @throws ConflictsError with the conflicts that remain
 */
export function allowLastApplied(error: ConflictsError, live: VersionedObject): void {
  const allowed = lastAppliedSet(live);
  if (allowed === undefined) throw error;
  const remaining = error.conflicts.filter(({ path }) => !hasPath(allowed, path));
  if (remaining.length > 0) throw new ConflictsError(remaining);
}

/** What the annotation says was applied and still is as it was; undefined when there is no such annotation. */
function lastAppliedSet({ apiVersion, schema: { type }, object }: VersionedObject): FieldSet | undefined {
  const text = annotationOf(object);
  if (text === undefined) return undefined;
  const applied = parsed(text);
  if (!isJsonObject(applied) || applied['apiVersion'] !== apiVersion) return undefined;
  const fits = (value: unknown): boolean => misfit(type, value, { duplicates: false }) === undefined;
  if (!fits(object) || !fits(applied)) return undefined;
  const { modified, added, removed } = compare(type, applied, object);
  return difference(fieldSetOf(type, applied), union(union(modified, added), removed));
}

function parsed(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return undefined; // a client wrote it: what cannot be read allows nothing
  }
}

function annotationOf(object: Unstructured): string | undefined {
  const text = object.metadata.annotations?.[ANNOTATION];
  return typeof text === 'string' && text !== '' ? text : undefined;
}

/** `object` with the annotation, if it has one, saying what was applied now. */
export function withLastApplied(object: Unstructured, configuration: Unstructured): Unstructured {
  if (annotationOf(object) === undefined) return object;
  const { [ANNOTATION]: _old, ...others } = object.metadata.annotations ?? {};
  const annotations = { ...others, [ANNOTATION]: `${goJson(withoutAnnotation(configuration))}\n` };
  const kept = bytesOf(annotations) > MAX_ANNOTATION_BYTES ? others : annotations;
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}

function withoutAnnotation(configuration: Unstructured): Unstructured {
  const { annotations } = configuration.metadata;
  if (!isJsonObject(annotations) || !Object.hasOwn(annotations, ANNOTATION)) return configuration;
  const { [ANNOTATION]: _own, ...others } = annotations;
  return { ...configuration, metadata: { ...configuration.metadata, annotations: others } };
}

function bytesOf(annotations: Record<string, string>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}
