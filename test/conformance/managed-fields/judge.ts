/** One write as test/go/managed-fields-judge reads it. */
export interface JudgedWrite {
  verb: 'apply' | 'update';
  version: string;
  subresource: '' | 'status';
  manager: string;
  force: boolean;
  time: string;
  resetFields: string[];
  object: unknown;
}

export interface Outcome {
  object?: Record<string, unknown>;
  error?: { message: string; code: number; causes?: string[] };
}

export interface Answer {
  /** The question itself makes no sense. */
  refused?: string;
  outcomes: Outcome[] | null;
}

export interface Question {
  schemas: Record<string, unknown>;
  writes: JudgedWrite[];
}
