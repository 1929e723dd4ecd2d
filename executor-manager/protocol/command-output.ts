/** How the output of a program is read; the first rule that fits a line says what it means. */
export interface CommandOutput {
  lines?: OutputRule[];
  /** `text` when absent. */
  otherLines?: 'text' | 'log' | 'nothing';
  /** Relative to the folder that the program works in. */
  resultFile?: string;
}

export interface OutputRule {
  /** RE2; searched for in the line. */
  pattern?: string;
  /** The line is a JSON object with these texts at these JSON pointers; an empty text fits any value that is there. */
  json?: Record<string, string>;
  event:
    | 'text'
    | 'thinking'
    | 'tool_call'
    | 'tool_result'
    | 'usage'
    | 'turn'
    | 'status'
    | 'log'
    | 'failure'
    | 'nothing';
  /** The fields of the event, as in api/types/task-event. */
  fields?: Record<string, FieldSource>;
}

/** One of the three. */
export interface FieldSource {
  /** Named group of the pattern. */
  group?: string;
  /** JSON pointer into the line (RFC 6901). */
  pointer?: string;
  value?: string;
}
