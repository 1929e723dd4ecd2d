import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { chmodSync, linkSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedEnvironment } from '../../config.ts';
import { packWorkspace, unpackWorkspace } from './archive.ts';
import { EntryRules } from './entry-rules.ts';
import { TarFilter } from './tar-filter.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const environment = inheritedEnvironment();
const LIMIT = 100 * 1024 * 1024;

function emptyWorkspace(name: string): string {
  const workspace = path.join(folder, name);
  mkdirSync(workspace);
  return workspace;
}

async function packed(workspace: string): Promise<Buffer> {
  const archive = await packWorkspace({ workspace, environment });
  if (archive === undefined) throw new Error('nothing to pack');
  return buffer(archive);
}

/** In pieces of any size: an archive comes over a network. */
async function* pieces(archive: Buffer, sizes: readonly number[] = [archive.length]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < archive.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? archive.length;
    yield archive.subarray(at, at + size);
    at += size;
  }
}

const unpack = (workspace: string, archive: Buffer, more: { sizes?: number[]; limitBytes?: number } = {}) =>
  unpackWorkspace({
    workspace,
    environment,
    archive: pieces(archive, more.sizes),
    limitBytes: more.limitBytes ?? LIMIT,
  });

describe('a workspace that is packed and unpacked', () => {
  it('is what it was: repository, modes, links, long and odd names', async () => {
    const from = emptyWorkspace('from');
    const git = (...args: string[]) => execFileSync('git', args, { cwd: path.join(from, 'repo') }).toString();
    mkdirSync(path.join(from, 'repo'));
    git('init', '-q', '-b', 'main');
    writeFileSync(path.join(from, 'repo', 'a.txt'), 'one\n');
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'one');
    git('checkout', '-q', '--detach');
    writeFileSync(path.join(from, 'repo', 'staged'), 'staged');
    git('add', 'staged');
    writeFileSync(path.join(from, 'repo', 'a.txt'), 'changed');
    writeFileSync(path.join(from, 'repo', 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    symlinkSync('/usr/bin/env', path.join(from, 'outward'));
    symlinkSync('repo/a.txt', path.join(from, 'inward'));
    linkSync(path.join(from, 'repo', 'run.sh'), path.join(from, 'hard'));
    const long = 'long '.repeat(40);
    mkdirSync(path.join(from, long));
    writeFileSync(path.join(from, long, '文档 \u0001 ü'), long);
    const before = git('status', '--porcelain');

    const to = emptyWorkspace('to');
    expect(await unpack(to, await packed(from))).toBe(0);
    const status = execFileSync('git', ['status', '--porcelain'], { cwd: path.join(to, 'repo') }).toString();
    expect(status).toBe(before);
    expect(statSync(path.join(to, 'repo', 'run.sh')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(path.join(to, 'outward'))).toBe('/usr/bin/env');
    expect(readFileSync(path.join(to, 'inward'), 'utf8')).toBe('changed');
    expect(lstatSync(path.join(to, 'hard')).nlink).toBe(2);
    expect(readFileSync(path.join(to, long, '文档 \u0001 ü'), 'utf8')).toBe(long);
  });

  it.runIf(process.platform === 'linux')(
    'keeps holes as holes, and counts what is between them',
    async () => {
      const from = emptyWorkspace('from');
      const SIZE = 16 * 1024 * 1024;
      const hole = path.join(from, 'with ü hole');
      writeFileSync(hole, 'beginning');
      truncateSync(hole, SIZE);
      appendFileSync(hole, 'end');
      const archive = await packed(from);
      expect(archive.length).toBeLessThan(1024 * 1024);
      const to = emptyWorkspace('to');
      expect(await unpack(to, archive, { limitBytes: 1024 * 1024 })).toBe(0);
      const arrived = statSync(path.join(to, 'with ü hole'));
      expect(arrived.size).toBe(SIZE + 3);
      expect(arrived.blocks * 512).toBeLessThan(1024 * 1024);
      expect(execFileSync('cmp', [hole, path.join(to, 'with ü hole')]).toString()).toBe('');
    },
  );

  it('takes the place of what is there, and can be unpacked again', async () => {
    const from = emptyWorkspace('from');
    writeFileSync(path.join(from, 'new'), 'new');
    const archive = await packed(from);
    const to = emptyWorkspace('to');
    mkdirSync(path.join(to, 'old'));
    mkdirSync(path.join(to, '.arriving'));
    writeFileSync(path.join(to, '.arriving', 'half'), 'of a call that was cut off');
    await unpack(to, archive);
    await unpack(to, archive);
    expect(readdirSync(to)).toEqual(['new']);
  });

  it('is nothing when it is empty or not there', async () => {
    expect(await packWorkspace({ workspace: emptyWorkspace('empty'), environment })).toBeUndefined();
    expect(await packWorkspace({ workspace: path.join(folder, 'absent'), environment })).toBeUndefined();
  });

  it('takes folders that nobody may write to, and can be replaced again', async () => {
    const from = emptyWorkspace('from');
    const command = 'mkdir -p repo/deep && touch repo/deep/file && chmod 0555 repo/deep repo';
    execFileSync('sh', ['-c', command], { cwd: from });
    const archive = await packed(from);
    const to = emptyWorkspace('to');
    await unpack(to, archive);
    await unpack(to, archive);
    expect(statSync(path.join(to, 'repo')).mode & 0o777).toBe(0o555);
    expect(readdirSync(path.join(to, 'repo', 'deep'))).toEqual(['file']);
    execFileSync('chmod', ['-R', 'u+w', folder]);
  });

  it('comes without pipes and the like, and says how many', async () => {
    const from = emptyWorkspace('from');
    writeFileSync(path.join(from, 'file'), 'x');
    execFileSync('mkfifo', [path.join(from, 'fifo')]);
    const to = emptyWorkspace('to');
    expect(await unpack(to, await packed(from))).toBe(1);
    expect(readdirSync(to)).toEqual(['file']);
  });

  it('is the same however the bytes are cut', async () => {
    const from = emptyWorkspace('from');
    for (const size of [0, 1, 511, 512, 513, 3000]) {
      writeFileSync(path.join(from, `f${size}-${'n'.repeat(120)}`), Buffer.alloc(size, size % 251));
    }
    const archive = await packed(from);
    const sizes = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, async (cuts) => {
        const filter = new TarFilter(new EntryRules(LIMIT));
        const passed = buffer(filter);
        for await (const piece of pieces(archive, cuts)) filter.write(piece);
        filter.end();
        const bytes = await passed;
        expect(archive.subarray(0, bytes.length - 1024).equals(bytes.subarray(0, -1024))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

interface Entry {
  name: string;
  type?: string;
  link?: string;
  content?: string;
  size?: number;
}

/** A header and its content as POSIX has them, with whatever an attacker would write. */
function tarEntry({ name, type = '0', link = '', content = '', size = content.length }: Entry): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 'latin1');
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(link, 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(
    block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0') + '\0 ',
    148,
  );
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content, 'latin1');
  return Buffer.concat([block, body]);
}

const END = Buffer.alloc(1024);
const tarOf = (...entries: Entry[]): Buffer => Buffer.concat([...entries.map(tarEntry), END]);
const paxRecord = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
};

describe('an archive that was made to harm', () => {
  const link = (name: string, target: string): Entry => ({ name, type: '2', link: target });
  it.each<[string, Buffer, RegExp]>([
    ['an absolute path', tarOf({ name: '/etc/x', content: 'x' }), /leads elsewhere/],
    ['a path upwards', tarOf({ name: 'a/../../x', content: 'x' }), /leads elsewhere/],
    [
      'a path upwards in an extended header',
      tarOf({ name: 'p', type: 'x', content: paxRecord('path', '../x') }, { name: 'ok', content: 'x' }),
      /leads elsewhere/,
    ],
    [
      'a path upwards in a long name',
      tarOf({ name: '././@LongLink', type: 'L', content: '../x\0' }, { name: 'ok', content: 'x' }),
      /leads elsewhere/,
    ],
    ['a file through a link', tarOf(link('l', '/tmp'), { name: 'l/x', content: 'x' }), /goes through a link/],
    [
      'a file through a link, said otherwise',
      tarOf(link('./l/', '/tmp'), { name: 'l//./x' }),
      /through a link/,
    ],
    [
      'a file in the place of a link',
      tarOf(link('l', '/tmp/x'), { name: 'l', content: 'x' }),
      /place of a link/,
    ],
    [
      'a folder in the place of a link',
      tarOf(link('l', '/tmp'), { name: 'l/', type: '5' }),
      /place of a link/,
    ],
    [
      'a hard link to a file outside',
      tarOf({ name: 'h', type: '1', link: '/etc/passwd' }),
      /leads elsewhere/,
    ],
    [
      'a hard link through a link',
      tarOf(link('l', '/etc'), { name: 'h', type: '1', link: 'l/passwd' }),
      /goes through a link/,
    ],
    [
      'a file through a hard link to a link',
      tarOf(link('l', '/tmp'), { name: 'h', type: '1', link: 'l' }, { name: 'h/x', content: 'x' }),
      /goes through a link/,
    ],
    ['a link with content', tarOf({ name: 'l', type: '2', link: 'x', content: 'y' }), /has content/],
    ['a name of ours', tarOf({ name: './.arriving/x', content: 'x' }), /has a name of ours/],
    ['a link in our place', tarOf(link('.arriving', '/tmp')), /has a name of ours/],
    [
      'a name that ends early',
      tarOf({ name: 'p', type: 'x', content: paxRecord('path', 'l\0z') }, { name: 'l' }),
      /a name that is none/,
    ],
    [
      'a link whose target ends early',
      tarOf({ name: 'p', type: 'x', content: paxRecord('linkpath', 'd\0z') }, link('l', 'd')),
      /a link to a name that is none/,
    ],
    [
      'a path that no system takes',
      tarOf({ name: 'p', type: 'x', content: paxRecord('path', 'a'.repeat(4097)) }, { name: 'a' }),
      /more than 4096 bytes/,
    ],
    [
      'folders without end',
      tarOf({ name: 'p', type: 'x', content: paxRecord('path', 'a/'.repeat(1025)) }, { name: 'a' }),
      /more than 1024 folders deep/,
    ],
    ['a sparse file', tarOf({ name: 's', type: 'S' }), /unknown type "S"/],
    [
      'a sparse file in an extended header',
      tarOf({ name: 'p', type: 'x', content: paxRecord('GNU.sparse.name', '../x') }, { name: 'ok' }),
      /a sparse file has an unknown form/,
    ],
    ...(
      [
        [{ name: '../x' }, './ok', '0', /leads elsewhere/],
        [{ name: 'ok' }, '../x', '0', /leads elsewhere/],
        [{ name: 'ok' }, './ok', '2', /has holes and is no file/],
        [{ name: 'ok', map: '0,1' }, './ok', '0', /unknown form/],
        [{ name: 'ok', minor: '1' }, './ok', '0', /unknown form/],
      ] as const
    ).map(([given, placeholder, type, message]): [string, Buffer, RegExp] => {
      const records = Object.entries({ major: '1', minor: '0', realsize: '9', ...given });
      const content = records.map(([key, value]) => paxRecord(`GNU.sparse.${key}`, value)).join('');
      const archive = tarOf({ name: 'p', type: 'x', content }, { name: placeholder, type });
      return [`holes: ${JSON.stringify(given)} at ${placeholder} as ${type}`, archive, message];
    }),
    ['an extended header for all', tarOf({ name: 'g', type: 'g', content: 'x' }), /unknown type "g"/],
    [
      'two names for one entry',
      tarOf(
        { name: 'p', type: 'x', content: paxRecord('path', 'a') },
        { name: 'L', type: 'L', content: 'b\0' },
        { name: 'c' },
      ),
      /two names/,
    ],
    [
      'more than the limit',
      tarOf({ name: 'a', content: 'x'.repeat(600) }, { name: 'b', content: 'y'.repeat(600) }),
      /more than 1000 bytes/,
    ],
    [
      'a size that is none',
      tarOf({ name: 'p', type: 'x', content: paxRecord('size', '-1') }, { name: 'a' }),
      /no size/,
    ],
    ['a wrong checksum', Buffer.concat([Buffer.from(tarOf({ name: 'a' })).fill('b', 0, 1)]), /checksum/],
    ['an end that is missing', tarEntry({ name: 'a', content: 'x' }), /cut off/],
    ['half an entry', tarEntry({ name: 'a', content: 'x' }).subarray(0, 700), /cut off/],
    ['nothing', Buffer.alloc(0), /cut off/],
  ])('%s is refused, and the workspace stays as it was', async (_, archive, message) => {
    const workspace = emptyWorkspace('workspace');
    writeFileSync(path.join(workspace, 'kept'), 'kept');
    await expect(unpack(workspace, archive, { limitBytes: 1000 })).rejects.toThrow(message);
    expect(readdirSync(workspace)).toEqual(['kept']);
    expect(readdirSync(folder)).toEqual(['workspace']);
  });

  it('cannot hide an entry behind the end, nor in the content of a file', async () => {
    const workspace = emptyWorkspace('workspace');
    const hidden = tarEntry({ name: '../x', content: 'x' }).toString('latin1');
    const archive = Buffer.concat([tarOf({ name: 'a', content: hidden }), tarOf({ name: '../x' })]);
    await unpack(workspace, archive);
    expect(readdirSync(folder)).toEqual(['workspace']);
    expect(readFileSync(path.join(workspace, 'a'), 'latin1')).toBe(hidden);
  });

  it('that is no archive at all says so', async () => {
    const workspace = emptyWorkspace('workspace');
    await expect(unpack(workspace, Buffer.alloc(2048, 'x'))).rejects.toThrow('a header');
  });
});

describe('packing', () => {
  it('leaves a file out that cannot be read', async () => {
    const from = emptyWorkspace('from');
    writeFileSync(path.join(from, 'secret'), 'x');
    writeFileSync(path.join(from, 'open'), 'x');
    chmodSync(path.join(from, 'secret'), 0);
    const to = emptyWorkspace('to');
    await unpack(to, await packed(from));
    // root reads everything.
    expect(readdirSync(to)).toEqual(process.getuid?.() === 0 ? ['open', 'secret'] : ['open']);
  });

  it('fails when tar is ended in the middle of a file of zeros', async () => {
    const workspace = emptyWorkspace('from');
    writeFileSync(path.join(workspace, 'file'), 'x');
    const programs = emptyWorkspace('programs');
    const tar = '#!/bin/sh\nhead -c 10240 /dev/zero\nkill -9 $$\n';
    writeFileSync(path.join(programs, 'tar'), tar, { mode: 0o755 });
    const ended = { PATH: `${programs}:${environment['PATH'] ?? ''}` };
    const archive = await packWorkspace({ workspace, environment: ended });
    if (archive === undefined) throw new Error('nothing to pack');
    await expect(buffer(archive)).rejects.toThrow('it was ended by the signal SIGKILL');
  });

  it('fails when tar cannot be started, and leaves nothing half', async () => {
    const workspace = emptyWorkspace('from');
    writeFileSync(path.join(workspace, 'file'), 'x');
    const archive = await packWorkspace({ workspace, environment: { PATH: '/nowhere' } });
    const read = async (): Promise<void> => {
      for await (const _ of archive ?? []) continue;
    };
    await expect(read()).rejects.toThrow('tar did not come to its end');
    const input = new PassThrough();
    input.end(tarOf({ name: 'a' }));
    const options = { workspace, environment: { PATH: '/nowhere' }, archive: input, limitBytes: LIMIT };
    await expect(unpackWorkspace(options)).rejects.toThrow('tar failed: spawn tar ENOENT');
    expect(readdirSync(workspace)).toEqual(['file']);
  });
});
