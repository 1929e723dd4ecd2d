import type { WireProtocol } from '../wire-protocol.ts';
import { errorBody } from './error-body.ts';
import { createMessageReader, readMessage } from './message-reader.ts';
import { createMessageWriter, writeMessage } from './message-writer.ts';

/** The Anthropic Messages API: https://docs.anthropic.com/en/api/messages. */
export const anthropic: WireProtocol = {
  name: 'anthropic',
  createReader: createMessageReader,
  readWhole: readMessage,
  createWriter: createMessageWriter,
  writeWhole: writeMessage,
  errorBody,
};
