import type { CompiledSchema } from './compile-schema.ts';
import type { NameRule } from './object-meta.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/** One column of a server-side Table (CustomResourceDefinition additionalPrinterColumns). */
export interface PrinterColumn {
  name: string;
  type: 'boolean' | 'date' | 'integer' | 'number' | 'string';
  format?: string;
  description?: string;
  /** 0: always shown; more: only with `-o wide`. */
  priority: number;
  /** A path such as `.status.phase`; with braces a template, such as `{.kind}/{.name}`. Not used when it is computed. */
  jsonPath: string;
  /** Columns of built-in kinds that no single path gives. */
  computed?: ComputedCell;
}

/** A cell as kubernetes pkg/printers/internalversion makes it for a built-in kind. */
export type ComputedCell =
  /** How many entries the maps or lists at these paths have together. */
  | { count: string[] }
  /** The age of the first of these times that is set; `<unknown>` when none is. */
  | { age: string[] }
  /** The first of these numbers that is set, else the default. */
  | { integer: string[]; default: number }
  /** Pieces of text, those that are empty left out. */
  | { text: { firstOf: string[]; lowerCase?: boolean }[]; separator?: string }
  /** The subjects of a binding that are of this kind. */
  | { subjects: 'Group' | 'ServiceAccount' | 'User' }
  /** Used and hard of a quota: of names that begin with `limits.`, or of the others. */
  | { quota: 'limits' | 'requests' }
  /** A cell that only Pods have. */
  | { pod: 'ip' | 'node' | 'nominatedNode' | 'readinessGates' | 'ready' | 'restarts' | 'status' };

/** One version of one kind, with all that serving it takes; made once, at start. */
export interface ResourceDefinition {
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  listKind: string;
  /** Lower case, as in URLs. */
  plural: string;
  singular: string;
  shortNames: string[];
  categories: string[];
  scope: 'Cluster' | 'Namespaced';
  served: boolean;
  storage: boolean;
  /** Kubernetes' own kinds: bodies need no apiVersion and kind, and updates no resourceVersion. */
  builtIn: boolean;
  /** Its objects are questions that are answered and not stored; they can only be created. */
  virtual?: boolean;
  /** Its objects are only read. The text tells those who write what to do. */
  readOnly?: string;
  nameRule: NameRule;
  hasStatus: boolean;
  /** `/scale`: where the fields of a Scale are within the object (CustomResourceDefinition subresources.scale). */
  scale?: ScalePaths;
  /** `/token`: the kind that asks for a token. It has no path of its own. */
  token?: ResourceDefinition;
  /** Sent as a Warning with every answer about this version; absent when it is not deprecated. */
  deprecationWarning?: string;
  printerColumns: PrinterColumn[];
  /** Paths, such as `.status.phase`, that field selectors may use beside metadata.name and metadata.namespace. */
  selectableFields: string[];
  /** The version that objects are stored in; the same for all versions of a kind. */
  storageVersion: string;
  /** Any version of the same kind, served or not. */
  versionOf(name: string): ResourceDefinition | undefined;
  /**
   * Objects of this revision or an older one were written under an earlier definition: reading them prunes and
   * defaults anew. 0 for kinds that never change.
   */
  definedAt: number;
  /** Its CustomResourceDefinition is being deleted: nothing may be created any more. */
  terminating?: boolean;
  schema: StructuralSchema;
  /** Made at the first use: a kind that nobody asks for costs nothing. */
  readonly compiled: CompiledSchema;
}

/** Simple paths such as `.spec.replicas`. */
export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}
