/** Something wrong with a workflow. */
export interface Problem {
  /** Path of the field, such as `spec.steps[2].when`. */
  field: string;
  /** The rest of the sentence, after the path and a colon. */
  message: string;
  /** The cause type of a Status, where the message is the whole text of such a cause. */
  reason?: string;
}

/** All problems in one sentence. */
export function problemText(problems: readonly Problem[]): string {
  return problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
}
