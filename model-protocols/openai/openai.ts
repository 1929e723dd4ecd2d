import type { WireProtocol } from '../wire-protocol.ts';
import { createCompletionReader, readCompletion } from './completion-reader.ts';
import { createCompletionWriter, writeCompletion } from './completion-writer.ts';
import { errorBody } from './error-body.ts';

/** OpenAI's Chat Completions API: https://platform.openai.com/docs/api-reference/chat. */
export const openai: WireProtocol = {
  name: 'openai',
  createReader: createCompletionReader,
  readWhole: readCompletion,
  createWriter: createCompletionWriter,
  writeWhole: writeCompletion,
  errorBody,
};
