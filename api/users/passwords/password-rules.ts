import { COMMON_WORDS } from './common-words.ts';

const MIN_LENGTH = 12;
const MAX_LENGTH = 256;

/**
 * Why a password is not good enough; undefined for one that is. As NIST SP 800-63B (3.1.1.2) asks: a length, no rules of
 * composition, and none that is commonly used, a repetition, a sequence, or made of the account's own name.
 */
export function passwordProblem(password: string, own: readonly string[] = []): string | undefined {
  const normal = password.normalize('NFKC');
  const { length } = Array.from(normal);
  if (length < MIN_LENGTH) return `must have at least ${MIN_LENGTH} characters`;
  if (length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  const folded = fold(normal);
  if (isRepetition(folded)) return 'must not repeat a few characters';
  if (isSequence(folded)) return 'must not be a sequence of characters';
  if (isMadeOf(folded, COMMON)) return 'is one of the passwords that are tried first';
  const names = own.map(fold).filter((name) => name.length >= 3);
  if (isMadeOf(folded, patternOf(names))) return 'must not be made of the name of the account';
  return undefined;
}

/** The parts of an account that its password must not repeat. */
export interface PasswordOwner {
  name: string;
  displayName?: string | undefined;
  email?: string | undefined;
}

/** As `passwordProblem`; the names, and the parts of the address, of the account are its own. */
export function accountPasswordProblem(
  password: string,
  { name, displayName = '', email = '' }: PasswordOwner,
): string | undefined {
  const own = [name, ...name.split('-'), ...displayName.split(/\s+/), ...email.split(/[@.]/)];
  return passwordProblem(password, own);
}

const fold = (text: string): string => text.toLowerCase();

/** A unit of up to four characters, again and again. */
const isRepetition = (text: string): boolean => [1, 2, 3, 4].some((size) => repeats(text, size));

function repeats(text: string, size: number): boolean {
  const unit = text.slice(0, size);
  return unit.repeat(Math.ceil(text.length / size)).startsWith(text);
}

const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789',
  'qwertyuiop[]',
  'asdfghjkl',
  'zxcvbnm',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn',
];

/** Part of the alphabet, of the digits or of the rows of a keyboard, also backwards. */
function isSequence(text: string): boolean {
  return ROWS.some((row) => {
    const endless = row.repeat(Math.ceil(text.length / row.length) + 1);
    return endless.includes(text) || Array.from(endless).reverse().join('').includes(text);
  });
}

/** The signs that people type in place of a letter. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  a: 'a@4',
  e: 'e3',
  i: 'i1!',
  o: 'o0',
  s: 's$5',
  t: 't7',
};

/** Matches any of the words, as programs that guess write them: P@ssw0rd is password. Undefined without words. */
function patternOf(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const alternatives = words.map((word) => Array.from(word, classOf).join(''));
  return new RegExp(alternatives.join('|'), 'gu');
}

const classOf = (character: string): string =>
  `[${LOOKALIKES[character] ?? character.replace(/[\]\\^-]/u, '\\$&')}]`;

const COMMON = patternOf(COMMON_WORDS);
const MOST_OTHER_LETTERS = 3;

/** Whether little is left but digits and signs once the words are taken out. */
function isMadeOf(text: string, pattern: RegExp | undefined): boolean {
  if (pattern === undefined) return false;
  const rest = text.replaceAll(pattern, '');
  if (rest.length === text.length) return false;
  return rest.replaceAll(/[^\p{L}]/gu, '').length <= MOST_OTHER_LETTERS;
}
