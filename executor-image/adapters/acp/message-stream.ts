import type { AnyMessage, Stream } from '@agentclientprotocol/sdk';

/** The messages of a program that speaks the Agent Client Protocol over its pipes, one JSON text per line. */
export interface MessageStream {
  readonly stream: Stream;
  /** A line of the program's output; false for one that is no message. */
  line(text: string): boolean;
  /** The program has ended. */
  end(): void;
}

export function createMessageStream(write: (text: string) => void): MessageStream {
  let controller: ReadableStreamDefaultController<AnyMessage> | undefined;
  let ended = false;
  const readable = new ReadableStream<AnyMessage>({
    start(made) {
      controller = made;
    },
    cancel() {
      ended = true;
    },
  });
  const writable = new WritableStream<AnyMessage>({
    write: (message) => write(`${JSON.stringify(message)}\n`),
  });
  return {
    stream: { readable, writable },
    line(text) {
      const message = messageIn(text);
      if (message === undefined) return false;
      if (!ended) controller?.enqueue(message);
      return true;
    },
    end() {
      if (ended) return;
      ended = true;
      controller?.close();
    },
  };
}

/** JSON-RPC 2.0; programs print other things, too. */
function messageIn(text: string): AnyMessage | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as { jsonrpc?: unknown };
    return value.jsonrpc === '2.0' ? (value as AnyMessage) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
