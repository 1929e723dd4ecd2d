import type { StructuralSchema } from '#api/schema/structural-schema';

/** A schema as merging sees it: compiled once per Resource. */
export interface MergeSchema {
  readonly schema: StructuralSchema;
}

export function compileMergeSchema(schema: StructuralSchema): MergeSchema {
  return { schema };
}
