import { StringDecoder } from 'node:string_decoder';

/** Longer lines are dropped: an agent's message with a picture in it is large, a runaway line is endless. */
const MOST_BYTES = 32 * 1024 * 1024;

export interface LineSplitter {
  write(chunk: Buffer): void;
  /** Hands over what has no newline yet. */
  end(): void;
}

/** Calls `onLine` with each non-empty line, without its newline. */
export function createLineSplitter(onLine: (line: string) => void, onDropped: () => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let size = 0;
  let dropping = false;

  const finish = (last: string): void => {
    const line = parts.length === 0 ? last : parts.join('') + last;
    parts = [];
    size = 0;
    if (dropping) dropping = false;
    else if (line.trim() !== '') onLine(line);
  };
  return {
    write(chunk) {
      const text = decoder.write(chunk);
      let start = 0;
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
        finish(text.slice(start, at));
        start = at + 1;
      }
      const rest = text.slice(start);
      size += rest.length;
      if (size > MOST_BYTES) {
        if (!dropping) onDropped();
        dropping = true;
        parts = [];
        size = 0;
      } else if (rest !== '' && !dropping) {
        parts.push(rest);
      }
    },
    end() {
      finish(decoder.end());
    },
  };
}
