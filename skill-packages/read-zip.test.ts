import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidPackage } from './invalid-package.ts';
import { file, rawZip } from './made-up.ts';
import type { RawEntry } from './made-up.ts';
import { PACKAGE_LIMITS } from './package-limits.ts';
import { readZip } from './read-zip.ts';
import { writeZip } from './write-zip.ts';

const many = (count: number): RawEntry[] =>
  Array.from({ length: count }, (_, index) => ({ name: `f${index}` }));

describe('a zip is refused before anything is unpacked', () => {
  it.each<{ reason: string; entries: RawEntry[]; says: string }>([
    { reason: 'leads out', entries: [{ name: '../x' }], says: 'leads out of the folder' },
    { reason: 'leads out in the middle', entries: [{ name: 'a/../../x' }], says: 'leads out' },
    { reason: 'absolute', entries: [{ name: '/etc/passwd' }], says: 'is absolute' },
    { reason: 'absolute on Windows', entries: [{ name: 'C:/x' }], says: 'is absolute' },
    { reason: 'backslash', entries: [{ name: '..\\x' }], says: 'has a backslash' },
    { reason: 'NUL', entries: [{ name: 'a\0b' }], says: 'a control character' },
    { reason: 'terminal escape', entries: [{ name: 'a\u001b[2Jb' }], says: 'a control character' },
    { reason: 'no UTF-8', entries: [{ name: Buffer.from([0xff, 0xfe]) }], says: 'is no UTF-8' },
    { reason: 'no name', entries: [{ name: '' }], says: 'is empty' },
    { reason: 'an empty part', entries: [{ name: 'a//b' }], says: 'has an empty part' },
    { reason: 'a dot', entries: [{ name: './a' }], says: 'has an empty part' },
    { reason: 'long name', entries: [{ name: 'x'.repeat(600) }], says: 'is longer than 512 bytes' },
    { reason: 'deep', entries: [{ name: `${'a/'.repeat(40)}x` }], says: 'more than 16 folders' },
    { reason: 'symbolic link', entries: [{ name: 'a', mode: 0o120777 }], says: 'is a symbolic link' },
    { reason: 'device', entries: [{ name: 'a', mode: 0o060644 }], says: 'is a device' },
    { reason: 'terminal', entries: [{ name: 'a', mode: 0o020644 }], says: 'is a device' },
    { reason: 'pipe', entries: [{ name: 'a', mode: 0o010644 }], says: 'is a pipe' },
    { reason: 'socket', entries: [{ name: 'a', mode: 0o140644 }], says: 'is a socket' },
    { reason: 'folder that is a link', entries: [{ name: 'a/', mode: 0o120777 }], says: 'a symbolic link' },
    { reason: 'the same name twice', entries: [{ name: 'a' }, { name: 'a' }], says: 'is there twice' },
    {
      reason: 'names differ in case',
      entries: [{ name: 'A' }, { name: 'a' }],
      says: 'one on some file systems',
    },
    {
      reason: 'folders differ in case',
      entries: [{ name: 'A/x' }, { name: 'a/y' }],
      says: 'one on some file',
    },
    { reason: 'composed letters', entries: [{ name: 'é' }, { name: 'e\u0301' }], says: 'one on some file' },
    {
      reason: 'file and folder',
      entries: [{ name: 'a/b' }, { name: 'a' }],
      says: 'both a file and a folder',
    },
    {
      reason: 'folder and file',
      entries: [{ name: 'a' }, { name: 'a/b' }],
      says: 'both a file and a folder',
    },
    { reason: 'encrypted', entries: [{ name: 'a', flags: 0x801 }], says: 'is encrypted' },
    { reason: 'bzip2', entries: [{ name: 'a', method: 12 }], says: 'other than deflate' },
    { reason: 'wrong checksum', entries: [{ name: 'a', crc: 1 }], says: 'its checksum is wrong' },
    { reason: '10,000 files', entries: many(10_000), says: 'at most 1000 files' },
    { reason: 'one file too many', entries: many(1001), says: 'more than 1000 files' },
    { reason: 'a huge file', entries: [{ name: 'a', size: 2 ** 32 - 2 }], says: 'when they are unpacked' },
    {
      reason: 'a bomb that tells its size',
      entries: [{ name: 'a', content: Buffer.alloc(64 * 1024 * 1024) }],
      says: 'when they are unpacked',
    },
    {
      reason: 'a bomb that lies about its size',
      entries: [{ name: 'a', content: Buffer.alloc(64 * 1024 * 1024), size: 10 }],
      says: 'cannot be unpacked: too many bytes',
    },
    { reason: 'less than it says', entries: [{ name: 'a', size: 100 }], says: 'not enough bytes' },
    { reason: 'a folder with content', entries: [{ name: 'a/', content: 'x' }], says: 'has content' },
  ])('$reason', async ({ entries, says }) => {
    const refused = await readZip(rawZip(entries)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidPackage);
    expect((refused as Error).message).toContain(says);
    for (const raw of ['\0', '\u001b']) expect((refused as Error).message).not.toContain(raw);
  });

  it('many entries that share one piece of data are counted each', async () => {
    const content = Buffer.alloc(1024 * 1024);
    const entries = Array.from({ length: 20 }, (_, index) => ({ name: `f${index}`, content }));
    await expect(readZip(rawZip(entries))).rejects.toThrow('when they are unpacked');
  });

  it('more than 2 MiB', async () => {
    await expect(readZip(Buffer.alloc(PACKAGE_LIMITS.zipBytes + 1))).rejects.toThrow('at most 2097152');
  });

  it('what is no zip at all', async () => {
    await expect(readZip(Buffer.from('hello'))).rejects.toThrow('the zip cannot be read');
    await expect(readZip(Buffer.alloc(0))).rejects.toThrow('the zip cannot be read');
  });
});

it('leaves out what archivers add for themselves, and entries of folders', async () => {
  const names = ['SKILL.md', 'a/', 'a/.DS_Store', '__MACOSX/._SKILL.md', 'a/b'];
  const entries = names.map((name) => ({ name, content: name.endsWith('/') ? '' : 'text' }));
  expect((await readZip(rawZip(entries))).map(({ path }) => path)).toEqual(['SKILL.md', 'a/b']);
});

it('any bytes are read or refused with InvalidPackage', async () => {
  const honest = await writeZip([file('SKILL.md'), file('scripts/run.sh', 'exit 0', true)]);
  const broken = fc
    .array(fc.tuple(fc.nat(honest.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(honest);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  await fc.assert(
    fc.asyncProperty(fc.oneof(broken, fc.uint8Array({ maxLength: 300 }).map(Buffer.from)), async (bytes) => {
      const result = await readZip(bytes).catch((error: unknown) => error);
      if (!Array.isArray(result)) expect(result).toBeInstanceOf(InvalidPackage);
    }),
    { numRuns: 500 },
  );
});

it('what was written is read again, and equal files have equal bytes in any order', async () => {
  const path = fc
    .array(fc.stringMatching(/^[a-z0-9_]{1,8}(\.[a-z]{1,3})?$/), { minLength: 1, maxLength: 4 })
    .map((segments) => `d-${segments.join('/')}-f`);
  const files = fc.uniqueArray(
    fc.record({
      path,
      content: fc.uint8Array({ maxLength: 500 }).map(Buffer.from),
      executable: fc.boolean(),
    }),
    { selector: ({ path: name }) => name, maxLength: 10 },
  );
  await fc.assert(
    fc.asyncProperty(files, async (some) => {
      const zip = await writeZip(some);
      expect(await writeZip(some.toReversed())).toEqual(zip);
      const read = await readZip(zip);
      expect(read).toEqual(some.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
    }),
    { numRuns: 50 },
  );
});
