import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { jsonText, parseJsonText } from '#api/machinery/json/json';

/** The same cases in every run, so that a change is what a failure comes from; others with TROUPE_JUDGED_SEED. */
export const JUDGED_SEED = Number(process.env['TROUPE_JUDGED_SEED'] ?? 1);

/** A program of test/go that answers each line of JSON with one. */
export interface Judge<Question, Answer> extends AsyncDisposable {
  /** One question at a time. */
  ask(question: Question): Promise<Answer>;
}

export function startJudge<Question, Answer>(program: string): Judge<Question, Answer> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${jsonText(question)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('the judge ended');
      return parseJsonText(line.value) as Answer;
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
