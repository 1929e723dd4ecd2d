import { stageOf } from '../graph/stages.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Failure } from './outcome.ts';

/** `Step 2 of 3 (reviewer)`: how messages name a node. */
export function stepTitle(node: string, records: readonly NodeRecord[]): string {
  const ids = records.map((record) => record.node);
  const stage = stageOf(ids, node);
  const title = records[stage]?.title;
  return `Step ${stage + 1} of ${ids.length}${title === undefined ? '' : ` (${title})`}`;
}

/** Sentences that people read at once. */
const MOST_SENTENCES = 3;

/** The first sentences, and how many there are beside them: a Task may have hundreds of steps side by side. */
export function firstSentences(sentences: readonly string[], most = MOST_SENTENCES): string {
  const more = sentences.length - most;
  const shown = sentences.slice(0, most);
  return [...shown, ...(more > 0 ? [`And ${more} more.`] : [])].join(' ');
}

/** With one full stop at its end, whatever it ended with, so that another sentence may follow. */
export const sentence = (text: string): string => `${text.replace(/[.\s]*$/, '')}.`;

/** `Step 2 of 3 (reviewer) failed: AgentFailed: it gave up`. */
export function failureMessage({ node, why }: Failure, records: readonly NodeRecord[]): string {
  return `${node === undefined ? 'The Task' : stepTitle(node, records)} failed: ${why}`;
}
