import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

/** What is known of an answer that is on its way, in either version of HTTP. */
export interface Answer {
  /** The headers have left. */
  begun(): boolean;
  /** Calls back once the client has all of it, or went away; at once if it is so already. */
  onClosed(fn: () => void): void;
  /** Ends it where it is; other requests of a connection of HTTP/2 go on. */
  cut(): void;
}

export function answerOf(outgoing: ServerResponse): Answer {
  return {
    begun: () => outgoing.headersSent,
    onClosed(fn) {
      if (isGone(outgoing)) fn();
      else outgoing.once('close', fn);
    },
    cut: () => void outgoing.destroy(),
  };
}

/** Node's response of HTTP/2 has no `destroyed`; its stream does. */
export function isGone(outgoing: Http2ServerResponse | ServerResponse): boolean {
  return 'stream' in outgoing ? outgoing.stream.destroyed : outgoing.destroyed;
}
