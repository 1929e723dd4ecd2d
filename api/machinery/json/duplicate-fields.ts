/**
 * Fields that stand twice in one object of a JSON text, as strict decoding reports them (sigs.k8s.io/json). JSON.parse
 * keeps the last and says nothing. One pass, by a scanner that trusts the text to be JSON: parse it first.
 */

/** Strict decoding upstream stops at about as many. */
const MAX_FOUND = 100;

/** Paths such as `spec.prompt` and `spec.members[0].role`, each once. */
export function findDuplicateFields(text: string): string[] {
  const scan: Scan = { text, at: 0, found: new Set(), path: [] };
  const open: Container[] = [];
  while (scan.at < text.length && scan.found.size < MAX_FOUND) step(scan, open);
  return [...scan.found];
}

interface Scan {
  text: string;
  at: number;
  found: Set<string>;
  /** The step into each open container but the root. */
  path: string[];
}

interface Container {
  /** The names that were seen; undefined for a list. */
  names: Set<string> | undefined;
  /** Of the value under way: a name, or the number of the item. */
  name: string;
  index: number;
  /** A string is a name when a value does not follow yet. */
  expectsName: boolean;
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

function step(scan: Scan, open: Container[]): void {
  const top = open.at(-1);
  switch (scan.text.charCodeAt(scan.at)) {
    case QUOTE:
      return readString(scan, top);
    case OPEN_OBJECT:
    case OPEN_LIST: {
      const isObject = scan.text.charCodeAt(scan.at) === OPEN_OBJECT;
      if (top !== undefined) scan.path.push(stepInto(top, scan.path.length === 0));
      open.push({ names: isObject ? new Set() : undefined, name: '', index: 0, expectsName: isObject });
      break;
    }
    case CLOSE_OBJECT:
    case CLOSE_LIST:
      open.pop();
      scan.path.pop();
      break;
    case COLON:
      if (top !== undefined) top.expectsName = false;
      break;
    case COMMA:
      if (top !== undefined) {
        top.index += 1;
        top.expectsName = top.names !== undefined;
      }
      break;
    default:
  }
  scan.at += 1;
}

const stepInto = ({ names, name, index }: Container, first: boolean): string =>
  names === undefined ? `[${index}]` : `${first ? '' : '.'}${name}`;

function readString(scan: Scan, top: Container | undefined): void {
  const end = endOfString(scan.text, scan.at);
  if (top?.names !== undefined && top.expectsName) {
    const raw = scan.text.slice(scan.at + 1, end);
    // Two spellings of a name are one name.
    const name = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
    top.name = name;
    if (top.names.has(name)) scan.found.add([...scan.path, stepInto(top, scan.path.length === 0)].join(''));
    else top.names.add(name);
  }
  scan.at = end + 1;
}

/** Where the string that begins at `start` has its closing quote. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 92) backslashes += 1;
  return backslashes % 2 === 1;
}
