import type { SandboxHistory } from '#api/types/generated/sandbox';
import { cutAnswer } from '../answer.ts';
import { isRunNode } from '../graph/graph.ts';
import type { RunNode } from '../graph/graph.ts';
import type { RunSources } from './run-sources.ts';

/** Of all of it, in bytes: a Sandbox has its prompt beside it. */
const MOST_BYTES = 512 * 1024;
/** Where a run came to no answer. Services want one behind every question. */
const NO_ANSWER = '(no answer)';

export interface HistorySources extends Pick<RunSources, 'records' | 'revision' | 'task'> {
  promptOf: (node: RunNode) => string;
  answerOf: (node: string) => string;
}

/**
 * The words said in the session that the node goes on with, the oldest first, for agents that keep none themselves. Words
 * that do not fit are left out, the oldest first.
 */
export function historyOf(node: RunNode, sources: HistorySources): SandboxHistory[] {
  const said: SandboxHistory[] = [];
  let room = MOST_BYTES;
  for (let turn = before(node, sources); turn !== undefined; turn = before(turn, sources)) {
    const answer = sources.answerOf(turn.id);
    const text = cutAnswer([sources.promptOf(turn), ...heardBy(turn, sources)].join('\n\n'), MOST_BYTES / 2);
    room -= Buffer.byteLength(text) + Buffer.byteLength(answer);
    if (room < 0) break;
    said.unshift({ role: 'user', text }, { role: 'assistant', text: answer === '' ? NO_ANSWER : answer });
  }
  return said;
}

function before({ session }: RunNode, { revision }: HistorySources): RunNode | undefined {
  return revision.nodes.filter(isRunNode).find(({ id }) => id === session?.from);
}

/** The words of people that came while it worked. */
function heardBy({ id }: RunNode, { task, records }: HistorySources): string[] {
  const heard = records.find(({ node }) => node === id)?.messages ?? [];
  return (task.spec.messages ?? []).filter((message) => heard.includes(message.id)).map(({ text }) => text);
}
