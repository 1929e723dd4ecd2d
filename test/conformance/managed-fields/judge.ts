/** One write as test/go/managed-fields-judge reads it. */

export interface Question {
  schemas: Record<string, unknown>;
  writes: JudgedWrite[];
}
