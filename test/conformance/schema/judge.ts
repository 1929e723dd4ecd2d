import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { jsonText, parseJsonText } from '#api/machinery/json';
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

export interface Judge extends Disposable {
  ask(question: object): Promise<Verdict>;
}

export function startJudge(program: string): Judge {
  const judge = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: judge.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      judge.stdin.write(`${jsonText(question)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('the judge has ended');
      return parseJsonText(line.value) as Verdict;
    },
    [Symbol.dispose]() {
      judge.kill();
    },
  };
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
