import type { CompiledSchema } from './compile-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** One column of a server-side Table (CustomResourceDefinition additionalPrinterColumns). */
export interface PrinterColumn {
  name: string;
  type: 'boolean' | 'date' | 'integer' | 'number' | 'string';
  format?: string;
  description?: string;
  /** 0: always shown; more: only with `-o wide`. */
  priority: number;
  /** A path such as `.status.phase`; with braces a template, such as `{.kind}/{.name}` (built-in kinds only). */
  jsonPath: string;
}

/** How names of a kind are checked: see object-meta.ts. */
export type NameRule = 'dns-label' | 'dns-subdomain' | 'path-segment';

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
  nameRule: NameRule;
  hasStatus: boolean;
  printerColumns: PrinterColumn[];
  /** Paths, such as `.status.phase`, that field selectors may use beside metadata.name and metadata.namespace. */
  selectableFields: string[];
  schema: StructuralSchema;
  compiled: CompiledSchema;
}
