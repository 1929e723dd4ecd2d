import { BackupError } from './backup-format.ts';

const NEWLINE = '\n'.charCodeAt(0);
/** The largest object has 3 MiB; in a line each of its characters may take six. A file of something else ends here. */
const LONGEST_LINE = 64 * 1024 * 1024;

/** Lines with their newlines, some at a time: about `bytes` of them, or one. */
export async function* linesOf(source: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer[]> {
  let lines: Buffer[] = [];
  let size = 0;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...begun, chunk.subarray(start, end + 1)]);
      begun = [];
      begunBytes = 0;
      start = end + 1;
      lines.push(line);
      size += line.length;
      if (size < bytes) continue;
      yield lines;
      lines = [];
      size = 0;
    }
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > LONGEST_LINE)
      throw new BackupError('the file is no backup of troupe: a line is too long');
  }
  if (lines.length > 0) yield lines;
  if (begunBytes > 0) throw new BackupError('the backup is cut: its last line has no end');
}
