import { isUtf8 } from 'node:buffer';

/** Names of files as git quotes them: in double quotes, with the escapes of C (git-config(1), core.quotePath). */

const QUOTED = /"(?:[^"\\]|\\.)*"/g;

const LETTERS: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['b', 8],
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['"', 34],
  ['\\', 92],
]);
const ESCAPES: ReadonlyMap<number, string> = new Map([...LETTERS].map(([letter, byte]) => [byte, letter]));

/** The bytes of a quoted name. */
export function unquoteName(quoted: string): Buffer {
  const bytes: number[] = [];
  for (const [, octal, letter, plain] of quoted.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\])/gsu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (letter !== undefined) bytes.push(LETTERS.get(letter) ?? letter.charCodeAt(0));
    else bytes.push(...Buffer.from(plain ?? ''));
  }
  return Buffer.from(bytes);
}

/** The name as it is where it is UTF-8 and has nothing that git escapes; otherwise quoted, with as few escapes as can be. */
export function readableName(name: Buffer): string {
  const text = name.toString('utf8');
  const isText = isUtf8(name);
  // oxlint-disable-next-line no-control-regex -- these are the characters that git escapes
  if (isText && !/["\\\u0000-\u001f\u007f]/.test(text)) return text;
  const characters = isText
    ? Array.from(text, (character) => Buffer.from(character))
    : Array.from(name, single);
  return `"${characters.map(escaped).join('')}"`;
}

/** A line of a patch's head with its quoted names made readable. */
export function readableNames(line: string): string {
  return line.replaceAll(QUOTED, (quoted) => readableName(unquoteName(quoted)));
}

const single = (byte: number): Buffer => Buffer.of(byte);

function escaped(character: Buffer): string {
  const [byte = 0] = character;
  if (character.length > 1) return character.toString('utf8');
  const letter = ESCAPES.get(byte);
  if (letter !== undefined) return `\\${letter}`;
  return byte < 0x20 || byte >= 0x7f ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
}
