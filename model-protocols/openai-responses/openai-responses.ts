import { errorBody } from '../openai/error-body.ts';
import type { WireProtocol } from '../wire-protocol.ts';
import { createResponseReader, readResponse } from './response-reader.ts';
import { createResponseWriter, writeResponse } from './response-writer.ts';

/** OpenAI's Responses API: https://platform.openai.com/docs/api-reference/responses. Errors are those of its older API. */
export const openaiResponses: WireProtocol = {
  name: 'openai-responses',
  createReader: createResponseReader,
  readWhole: readResponse,
  createWriter: createResponseWriter,
  writeWhole: writeResponse,
  errorBody,
};
