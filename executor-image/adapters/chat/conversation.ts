import type { RunImage } from '#executor-manager/protocol/run';
import type { AnswerBlock } from '#model-protocols/answer';

/** A tool as the model is offered it. */
export interface OfferedTool {
  /** Letters, digits, `_` and `-`, 64 at most: what services of all protocols take. */
  name: string;
  description?: string;
  /** A JSON Schema of an object. */
  inputSchema: Record<string, unknown>;
}

export interface ToolOutcome {
  /** Of the call. */
  id: string;
  text: string;
  isError: boolean;
}

/** The words said, whatever the protocol of the service. Calls of tools are followed by their outcomes. */
export type ChatTurn =
  | { role: 'user'; text: string; images?: readonly RunImage[] }
  | { role: 'assistant'; blocks: readonly AnswerBlock[] }
  | { role: 'tools'; outcomes: readonly ToolOutcome[] };

/** All that a model is asked with. */
export interface ChatQuestion {
  system: string | undefined;
  turns: readonly ChatTurn[];
  tools: readonly OfferedTool[];
  /** A JSON Schema of the answer, for services that hold their models to one. */
  schema: Record<string, unknown> | undefined;
}

/** The text of an answer. */
export function textOfBlocks(blocks: readonly AnswerBlock[]): string {
  return blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
}
