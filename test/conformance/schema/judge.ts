import { jsonText, parseJsonText } from '#api/machinery/json/json';
import type { Unstructured } from '#api/machinery/meta';
import type { StatusCause } from '#api/machinery/status-error';

/** What test/go/schema-judge answers to a question. */
export interface Verdict {
  /** Why the question makes no sense to upstream. */
  refused?: string;
  object?: Unstructured;
  unknown?: string[];
  causes: { type: string; field: string; message: string }[];
}

/** As if it had come over the wire: no value shared, bigints where Go has them. */
export function sent<T>(value: T): T {
  return parseJsonText(jsonText(value)) as T;
}

/**
 * Findings in an order of their own, since Go walks maps in any order, and without what is deliberately different:
 * values longer than 256 characters are cut here (so trees are not compared), texts of regular expressions' faults are those of another library.
 */
export function comparable(causes: readonly (StatusCause | Verdict['causes'][number])[]): string[] {
  const texts = causes.map((cause) => {
    const reason = 'type' in cause ? cause.type : cause.reason;
    return `${cause.field} ${reason} ${shownMessage(cause.message)}`;
  });
  return [...new Set(texts)].sort();
}

const PRINTED_TREE =
  /^(?:Unsupported value|Duplicate value|Invalid value): [{[].*(?:[}\]]|…)(?<detail>: [^…]*)?$/s;

function shownMessage(message: string): string {
  return message
    .replace(PRINTED_TREE, 'TREE $<detail>')
    .replace(/"[^"]{200,}"/, '"LONG"')
    .replace(/^(.*must be a valid regular expression, but isn't: ).*$/s, '$1');
}
