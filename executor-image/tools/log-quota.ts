type Log = (stream: 'stdout' | 'stderr', line: string) => void;

/** Bytes of a server's lines that go into the log of the run: a server that never stops must not fill it. */
const MOST_BYTES = 256 * 1024;
const MOST_LINES = 2000;

/** Passes lines on up to a limit, and says once that the rest is left out. */
export function createQuota(log: Log): Log {
  let bytes = 0;
  let lines = 0;
  let told = false;
  return (stream, line) => {
    if (told) return;
    bytes += line.length;
    lines += 1;
    if (bytes <= MOST_BYTES && lines <= MOST_LINES) {
      log(stream, line);
      return;
    }
    told = true;
    log(stream, 'It prints more than is kept; the rest is left out.');
  };
}
