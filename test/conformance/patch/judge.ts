/** One patch as test/go/patch-judge reads it. */
export interface PatchQuestion {
  type: 'json' | 'merge' | 'strategic';
  kind?: string;
  object: unknown;
  patch: unknown;
}

export interface PatchAnswer {
  result?: unknown;
  error?: string;
}
