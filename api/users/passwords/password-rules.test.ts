import { describe, expect, it } from 'vitest';
import { passwordProblem } from './password-rules.ts';

describe('a new password', () => {
  it.each([
    ['eleven char', 'at least 12', 'too short'],
    ['', 'at least 12', 'empty'],
    ['\u{1F600}'.repeat(11), 'at least 12', 'eleven characters of two units each'],
    ['x1y2'.repeat(65), 'at most 256', 'too long'],
    ['aaaaaaaaaaaaaaaa', 'repeat', 'one character'],
    ['abc1abc1abc1ab', 'repeat', 'a unit of four'],
    ['abcdefghijklmnop', 'sequence', 'the alphabet'],
    ['ponmlkjihgfedcba', 'sequence', 'backwards'],
    ['1234567890123', 'sequence', 'digits'],
    ['qwertyuiopasdf', 'sequence', 'keys'],
    ['passwordpassword', 'tried first', 'twice the most common one'],
    ['P@ssw0rd123456', 'tried first', 'with signs that look alike'],
    ['Summer2026!!!!', 'tried first', 'a season and a year'],
    ['iloveyou12345', 'tried first', 'a word and digits'],
    ['alice.smith.2031', 'name of the account', 'the name'],
  ])('%s is refused', (password, problem, reason) => {
    expect(passwordProblem(password, ['alice', 'smith']), reason).toContain(problem);
  });

  it.each([
    ['tangerine kettle orbit', 'words'],
    ['vb8 Kw2;qz_Lp0', 'signs'],
    ['my password is about the violin', 'a common word in a long phrase'],
    ['\u65e5\u672c\u8a9e\u306e\u30d1\u30b9\u30ef\u30fc\u30c9\u3092\u9078\u3076', 'no Latin letter'],
  ])('%s is taken', (password, reason) => {
    expect(passwordProblem(password, ['alice']), reason).toBeUndefined();
  });
});
