import { isUtf8 } from 'node:buffer';
import { readableName, readableNames, unquoteName } from './quoted-name.ts';

/** The patch of one file, out of the output of `git diff`. */
export interface FilePatch {
  /** The file's name, the new one where it was renamed; see readableName. */
  name: string;
  /** For people and for `git apply`. */
  text: string;
  /** False when `text` has lost bytes, because the file is neither UTF-8 nor shown as a binary one. */
  whole: boolean;
  /** The name is that of a repository of its own, whose files git does not look at. */
  isRepository: boolean;
  isNew: boolean;
}

const FILE_START = Buffer.from('diff --git ');
const NEXT_FILE = Buffer.from('\ndiff --git ');

/** No line of a patch's body begins like its first one: what is text has a sign in front, what is binary no blanks. */
export function splitPatch(output: Buffer): FilePatch[] {
  const patches: FilePatch[] = [];
  let start = output.indexOf(FILE_START);
  while (start !== -1) {
    const next = output.indexOf(NEXT_FILE, start);
    const end = next === -1 ? output.length : next + 1;
    patches.push(filePatch(output.subarray(start, end)));
    start = next === -1 ? -1 : end;
  }
  return patches;
}

function filePatch(bytes: Buffer): FilePatch {
  const headEnd = endOfHead(bytes);
  // Names are quoted so that these lines are ASCII.
  const head = bytes.toString('latin1', 0, headEnd);
  const body = bytes.subarray(headEnd);
  return {
    name: nameIn(head),
    text: head.split('\n').map(readableLine).join('\n') + body.toString('utf8'),
    whole: isUtf8(body) && !body.includes(0),
    isRepository: /^(?:new file mode|deleted file mode|index [0-9a-f.]+) 160000$/m.test(head),
    isNew: /^new file mode /m.test(head),
  };
}

const BODY_STARTS = ['\n@@ ', '\nGIT binary patch\n'].map((text) => Buffer.from(text));

function endOfHead(bytes: Buffer): number {
  const starts = BODY_STARTS.map((text) => bytes.indexOf(text)).filter((index) => index !== -1);
  return starts.length === 0 ? bytes.length : Math.min(...starts) + 1;
}

const WITH_NAMES = /^(?:diff --git|---|\+\+\+|rename from|rename to|copy from|copy to|Binary files) /;

const readableLine = (line: string): string => (WITH_NAMES.test(line) ? readableNames(line) : line);

/** Without `b/`. */
function nameIn(head: string): string {
  const renamed = /^(?:rename|copy) to (.+)$/m.exec(head)?.[1];
  if (renamed !== undefined) return renamed.startsWith('"') ? readableName(unquoteName(renamed)) : renamed;
  const both = head.slice(FILE_START.length, head.indexOf('\n'));
  const quoted = /"(?:[^"\\]|\\.)*"$/.exec(both)?.[0];
  if (quoted !== undefined) return readableName(unquoteName(quoted).subarray('b/'.length));
  // `a/NAME b/NAME`: a name may have blanks, and stands there twice.
  return both.slice((both.length + 1) / 2 + 'b/'.length);
}
