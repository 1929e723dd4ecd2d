import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { jsonText, parseJsonText } from '#api/machinery/json';

/** One patch as test/go/patch-judge reads it. */
export interface PatchQuestion {
  type: 'json' | 'merge' | 'strategic';
  kind?: string;
  object: unknown;
  patch: unknown;
}

export interface PatchAnswer {
  result?: unknown;
  error?: string;
}

export interface PatchJudge extends AsyncDisposable {
  /** One question at a time. */
  ask(question: PatchQuestion): Promise<PatchAnswer>;
}

export function startPatchJudge(program: string): PatchJudge {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${jsonText(question)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('the judge ended');
      return parseJsonText(line.value) as PatchAnswer;
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
