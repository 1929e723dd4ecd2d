import { StatusError } from '../machinery/status-error.ts';

/** A line longer than this is no API object (kube-apiserver takes 3 MiB): it would only fill our memory. */
const MAX_LINE_CHARS = 32 * 1024 * 1024;

/**
 * Splits bytes into lines without their newline; a last line without one is given too. Empty lines are
 * left out. @throws StatusError InternalError for a line of more than `maxChars`.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxChars = MAX_LINE_CHARS,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    const parts = text.split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      const line = rest.length === 0 ? part : rest.join('') + part;
      rest = [];
      size = 0;
      if (line !== '') yield line;
    }
    if (last !== '') rest.push(last);
    size += last.length;
    if (size > maxChars) throw new StatusError('InternalError', 'the server sent an endless line');
  }
  const line = rest.join('') + decoder.decode();
  if (line !== '') yield line;
}
