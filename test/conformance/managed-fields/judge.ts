import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { jsonText, parseJsonText } from '#api/machinery/json';

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

export interface Judge extends AsyncDisposable {
  /** One question at a time. */
  ask(question: { schemas: Record<string, unknown>; writes: JudgedWrite[] }): Promise<Answer>;
}

export function startJudge(program: string): Judge {
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
