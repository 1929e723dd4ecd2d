import { blocks } from './stream-messages.ts';
import type { StreamMessage } from './stream-messages.ts';

/**
 * Claude Code's words to its model when the stream of an answer broke and a part of the answer stands already
 * ("Your response above was cut off mid-stream. Resume directly from where it stops …").
 */
const RESUME = /\bResume directly\b/;

/**
 * The beginning of an answer that was cut off. The program's result has only the words after the cut, so without this
 * the first part of an answer would be lost.
 */
export class CutAnswer {
  /** The last words of the agent since its last tool call. */
  #words = '';
  /** The words before the cuts. */
  #beginning = '';

  read(message: StreamMessage): void {
    // Agents that the agent has started give no result of the run.
    if (message.type !== 'assistant' && message.type !== 'user') return;
    if (message.parent_tool_use_id) return;
    const content = blocks(message.message?.content);
    const text = content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : [])).join('');
    if (message.type === 'assistant') {
      if (text !== '') this.#words = text;
      if (content.some(({ type }) => type === 'tool_use')) this.#forget();
    } else if (message.isSynthetic !== true) {
      this.#forget();
    } else if (RESUME.test(text)) {
      this.#beginning += this.#words;
      this.#words = '';
    }
  }

  /** The whole answer, of which the result has `rest`. Forgets it: the next turn has its own. */
  whole(rest: string): string {
    const beginning = this.#beginning;
    this.#forget();
    return beginning + rest;
  }

  #forget(): void {
    this.#words = '';
    this.#beginning = '';
  }
}
