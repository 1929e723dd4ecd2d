/** Something wrong with a workflow. */
export interface Problem {
  /** Path of the field, such as `spec.steps[2].when`. */
  field: string;
  /** The rest of the sentence, after the path and a colon. */
  message: string;
}

/** All problems in one sentence. */
export function problemText(problems: readonly Problem[]): string {
  return problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
}
