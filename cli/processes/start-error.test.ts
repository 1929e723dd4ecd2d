import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainStartError } from './start-error.ts';

const listen = { host: '127.0.0.1', port: 7443 };

describe('explainStartError', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'start-error-'));
    await writeFile(join(folder, 'file'), '');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['file', 'there is a file of that name'],
    ['file/data', 'a part of its path is a file'],
  ])('names the data folder %s, the cause and the flag', async (name, why) => {
    const dataDir = join(folder, name);
    const error: unknown = await mkdir(dataDir, { recursive: true }).catch((caught: unknown) => caught);
    expect(String(explainStartError(error, { listen, dataDir }))).toMatch(
      new RegExp(`cannot use the data folder ${dataDir} .*: ${why}; choose another with --data-dir$`),
    );
  });

  it('explains a place where the system makes no folders', async () => {
    const dataDir = '/proc/nope';
    const error: unknown = await mkdir(dataDir).catch((caught: unknown) => caught);
    expect(String(explainStartError(error, { listen, dataDir }))).toContain(
      'cannot use the data folder /proc/nope (mkdir /proc/nope): it is not there and cannot be made; choose',
    );
  });

  it('explains a file system without hard links', () => {
    const denied = { code: 'EPERM', syscall: 'link', path: join(folder, 'token.0.tmp') };
    const error = Object.assign(new Error('EPERM: operation not permitted'), denied);
    expect(String(explainStartError(error, { listen, dataDir: folder }))).toMatch(
      /its file system has no hard links; choose another with --data-dir$/,
    );
  });

  it('names the address, the cause and the flag', async () => {
    const failed = (host: string, port: number): Promise<unknown> =>
      new Promise((resolve) => createServer().on('error', resolve).listen(port, host));
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const inUse = await failed('127.0.0.1', port);
    taken.close();
    expect(String(explainStartError(inUse, { listen: { ...listen, port }, dataDir: folder }))).toContain(
      `cannot listen on 127.0.0.1:${port}: another process listens there already; choose another`,
    );
    const elsewhere = await failed('192.0.2.1', 7443);
    const flags = { listen: { host: '192.0.2.1', port: 7443 }, dataDir: folder };
    expect(String(explainStartError(elsewhere, flags))).toContain('it is no address of this machine');
  });

  it('leaves other errors alone', () => {
    const other = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open', path: '/elsewhere' });
    for (const error of [new Error('x'), 'text', other]) {
      expect(explainStartError(error, { listen, dataDir: folder })).toBe(error);
    }
  });
});
