/** Something wrong with an expression itself, at a place of its text. */
export interface Issue {
  /** In UTF-16 units of the text. */
  offset: number;
  message: string;
}

/** What parsing or checking an expression found. */
export class ExpressionError extends Error {
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(issues.map((issue) => issue.message).join('\n'));
    this.issues = issues;
  }
}

/** The issues as cel-go prints them (common/error.go): position, message, the line, and a mark under the column. */
export function formatIssues(source: string, issues: readonly Issue[]): string {
  const sorted = [...issues].sort((a, b) => a.offset - b.offset);
  return sorted
    .slice(0, MAX_ISSUES)
    .map((issue) => formatIssue(source, issue))
    .join('\n');
}

/** The rest follows from these; an answer must not be many times what was sent. */
const MAX_ISSUES = 20;
const MAX_LINE = 1000;

function formatIssue(source: string, { offset, message }: Issue): string {
  const before = source.slice(0, offset).split('\n');
  const column = Array.from(before.at(-1) ?? '');
  const head = `ERROR: <input>:${before.length}:${column.length + 1}: ${message}`;
  const line = (source.split('\n')[before.length - 1] ?? '').replaceAll('\t', ' ');
  if (source === '' || line.length > MAX_LINE) return head;
  // A wide character has a wide dot under it.
  const dots = column.map((char) => (Buffer.byteLength(char) > 1 ? '．' : '.')).join('');
  const marked = Array.from(line)[column.length] ?? '';
  return `${head}\n | ${line}\n | ${dots}${Buffer.byteLength(marked) > 1 ? '＾' : '^'}`;
}
