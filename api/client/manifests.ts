import { parseAllDocuments } from 'yaml';
import type { Unstructured } from '../machinery/meta.ts';

/** One object of a text. */
export interface Manifest {
  object: Unstructured;
  /** For messages: the file, or STDIN. */
  source: string;
}

/** A manifest, or the fault of a place where one should be. */
export type ParsedManifest = Manifest | { problem: string };

/**
 * The objects of a text with any number of documents (YAML 1.2: `yes` is a text); a `List` counts as its items. A bad
 * document does not hide the good ones; it comes as a problem in its place.
 */
export function parseManifests(text: string, source: string): ParsedManifest[] {
  return parseAllDocuments(text, { merge: true }).flatMap((document): ParsedManifest[] => {
    const problem = document.errors[0];
    if (problem !== undefined) {
      return [{ problem: `error parsing ${source}: ${problem.message.split('\n')[0]}` }];
    }
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return value === null || value === undefined ? [] : expand(value, source);
  });
}

function expand(value: unknown, source: string): ParsedManifest[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ problem: `error parsing ${source}: a manifest must be a mapping` }];
  }
  const object = value as Partial<Unstructured> & { items?: unknown };
  if (typeof object.kind === 'string' && object.kind.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item: unknown) => expand(item, source));
  }
  const missing = ['apiVersion', 'kind'].filter((field) => typeof object[field] !== 'string');
  if (missing.length > 0) {
    return [{ problem: `error validating ${JSON.stringify(source)}: ${missing.join(', ')} not set` }];
  }
  return [{ object: { ...object, metadata: object.metadata ?? { name: '' } } as Unstructured, source }];
}
