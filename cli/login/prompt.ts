import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from '../error-text.ts';

export interface Asking {
  /** Typed text is not shown. */
  secret: boolean;
  /** The flag that takes the place of the question. */
  flag?: string;
}

/** Asks a person on a terminal. @throws CliError without one */
export async function ask(question: string, { secret, flag }: Asking): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    throw new CliError(`this needs a terminal${flag === undefined ? '' : `, or the flag ${flag}`}`);
  }
  stderr.write(question);
  // Readline shows what is typed by writing it; here it writes to nobody.
  const output = secret ? new Writable({ write: (_piece, _encoding, done) => done() }) : stderr;
  const lines = createInterface({ input: stdin, output, terminal: true });
  const aborted = new AbortController();
  lines.once('SIGINT', () => aborted.abort());
  try {
    return await lines.question('', { signal: aborted.signal });
  } catch (error) {
    throw new CliError('interrupted', { cause: error });
  } finally {
    lines.close();
    if (secret) stderr.write('\n');
  }
}

/** A secret from a pipe: the first line. @throws CliError when it is empty */
export async function firstLineOf(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const [line = ''] = await firstLines(input, 1);
  if (line === '') throw new CliError('standard input is empty');
  return line;
}

/** Two secrets from a pipe: the first two lines. @throws CliError when one is empty */
export async function twoLinesOf(input: AsyncIterable<Uint8Array | string>): Promise<[string, string]> {
  const [first = '', second = ''] = await firstLines(input, 2);
  if (first === '' || second === '') throw new CliError('standard input needs two lines');
  return [first, second];
}

async function firstLines(input: AsyncIterable<Uint8Array | string>, most: number): Promise<string[]> {
  let text = '';
  for await (const piece of input) {
    text += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
    if (text.split('\n').length > most || text.length > 8192) break;
  }
  return text.split(/\r?\n/).slice(0, most);
}
