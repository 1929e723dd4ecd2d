import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFile } from './log-file.ts';
import type { LogFileOptions } from './log-file.ts';

const START = Date.parse('2026-11-30T03:00:00.000Z');
let folder: string;
let now: number;
let opened: LogFile[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-audit-'));
  now = START;
  opened = [];
});
afterEach(async () => {
  for (const log of opened) await log.close();
  rmSync(folder, { recursive: true });
});

function logFile(options: Partial<LogFileOptions> = {}): LogFile {
  const file = path.join(folder, 'audit.log');
  const log = new LogFile({ file, maxBytes: 10, maxAgeMs: 0, maxBackups: 0, now: () => now, ...options });
  opened.push(log);
  return log;
}

const content = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

it('is for its owner only, and appended to', async () => {
  await logFile().append(['a\n']);
  await logFile().append(['b\n']);
  expect(content('audit.log')).toBe('a\nb\n');
  expect(statSync(path.join(folder, 'audit.log')).mode & 0o777).toBe(0o600);
});

it('one that was open to others is closed to them', async () => {
  writeFileSync(path.join(folder, 'audit.log'), '', { mode: 0o644 });
  await logFile().append(['a\n']);
  expect(statSync(path.join(folder, 'audit.log')).mode & 0o777).toBe(0o600);
});

it('is renamed before it gets too large, between two lines', async () => {
  const log = logFile();
  await log.append(['12345\n', '6789\n', 'x\n']);
  expect(content('audit-2026-11-30T03-00-00.000.log')).toBe('12345\n');
  expect(content('audit.log')).toBe('6789\nx\n');
});

it('two in one millisecond are two files', async () => {
  await logFile().append(['12345678\n', '23456789\n', '34567890\n']);
  expect(content('audit-2026-11-30T03-00-00.000.log')).toBe('12345678\n');
  expect(content('audit-2026-11-30T03-00-00.001.log')).toBe('23456789\n');
});

it('a line that is too long for any file is a file', async () => {
  const log = logFile();
  await log.append(['1234567890123\n']);
  now += 1;
  await log.append(['x\n']);
  expect(content('audit-2026-11-30T03-00-00.001.log')).toBe('1234567890123\n');
});

it('keeps so many, the newest', async () => {
  const log = logFile({ maxBackups: 2 });
  for (let time = 0; time < 5; time += 1) {
    now += 1000;
    await log.append(['12345678\n']);
  }
  expect(readdirSync(folder).toSorted()).toEqual([
    'audit-2026-11-30T03-00-04.000.log',
    'audit-2026-11-30T03-00-05.000.log',
    'audit.log',
  ]);
});

it('keeps them so long, and leaves files of others alone', async () => {
  writeFileSync(path.join(folder, 'audit-notes.log'), '');
  writeFileSync(path.join(folder, 'other-2020-01-01T00-00-00.000.log'), '');
  const log = logFile({ maxAgeMs: 60_000 });
  await log.append(['12345678\n']);
  await log.append(['12345678\n']);
  now += 61_000;
  await log.append(['12345678\n']);
  expect(readdirSync(folder).toSorted()).toEqual([
    'audit-2026-11-30T03-01-01.000.log',
    'audit-notes.log',
    'audit.log',
    'other-2020-01-01T00-00-00.000.log',
  ]);
});

it('goes on after its folder was away', async () => {
  const log = logFile({ file: path.join(folder, 'inner', 'audit.log') });
  await expect(log.append(['a\n'])).rejects.toThrow('ENOENT');
});
