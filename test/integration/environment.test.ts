import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SERVER_VARIABLES } from '#dev/environment/databases/database-program';
import { docker, dockerClient } from '#dev/environment/docker/docker';
import { mysql as privateMysql } from '#dev/environment/databases/mysql';
import { findProgram, runProgram } from '#dev/environment/program';
import { redis as privateRedis } from '#dev/environment/redis';

/** The set-up of every project names its engines; here private ones are wanted. */
const unnamed = (variable: string): unknown => vi.stubEnv(variable, undefined);

const leftovers = async (purpose: string): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith(`troupe-${purpose}-`));

describe('private instances', () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    { flavour: 'mariadb', version: /MariaDB/ },
    { flavour: 'mysql', version: /^(8|9)\./ },
  ] as const)(
    '$flavour: answers, lets the tests make databases, and leaves nothing behind',
    async (given) => {
      const { flavour, version } = given;
      unnamed(SERVER_VARIABLES[flavour]);
      const before = await leftovers(flavour);
      let url = '';
      {
        await using server = await privateMysql({ flavour });
        url = server.url;
        const connection = await mysql.createConnection(url);
        await connection.query('CREATE DATABASE another');
        const [rows] = await connection.query('SELECT DATABASE() AS name, VERSION() AS version');
        expect(rows).toEqual([{ name: 'troupe', version: expect.stringMatching(version) as string }]);
        await connection.end();
      }
      await expect(mysql.createConnection(url)).rejects.toThrow(/ECONNREFUSED/);
      expect(await leftovers(flavour)).toEqual(before);
    },
  );

  test('Redis: answers, and leaves nothing behind', async () => {
    unnamed('TROUPE_TEST_REDIS_URL');
    const before = await leftovers('redis');
    {
      await using server = await privateRedis();
      const client = new Redis(server.url);
      expect(await client.ping()).toBe('PONG');
      await client.quit();
    }
    expect(await leftovers('redis')).toEqual(before);
  });

  test('what the environment names is used, and survives its user', async () => {
    vi.stubEnv('TROUPE_TEST_REDIS_URL', 'redis://redis.example:6379');
    await using server = await privateRedis();
    expect(server.url).toBe('redis://redis.example:6379');
  });
});

describe('an engine beside another one', () => {
  afterEach(() => vi.unstubAllEnvs());

  /** Network links and packet filter rules of this machine; an engine that ends must leave them as they were. */
  async function network(): Promise<string[]> {
    const links = (await readdir('/sys/class/net')).filter((name) => !name.startsWith('veth'));
    const iptables = process.getuid?.() === 0 ? await findProgram('iptables') : undefined;
    if (iptables === undefined) return links;
    const tables = await Promise.all(
      ['filter', 'nat'].map((table) => runProgram(iptables, ['--wait', '-t', table, '-S'])),
    );
    // Rules about one container's address (/32) come and go with whatever else runs on the machine.
    const rules = tables.flatMap((table) => table.split('\n')).filter((rule) => !rule.includes('/32'));
    return [...links, ...rules].toSorted();
  }

  test('runs containers of its own and leaves bridge and rules of the other alone', async () => {
    unnamed('DOCKER_HOST');
    const before = await network();
    const seen: string[] = [];
    // Where the first engine is on the usual socket, or we are not root, there is no second one to start.
    const engine = await docker().catch((error: Error) => seen.push(error.message));
    if (typeof engine !== 'number') {
      seen.push(engine.host);
      expect(String(await dockerClient(engine.host).ping())).toBe('OK');
      const during = await network();
      expect(during, 'all that was there is there').toEqual(expect.arrayContaining(before));
      await engine[Symbol.asyncDispose]();
    }
    expect(seen).toHaveLength(1);
    expect(await network()).toEqual(before);
  });
});

describe('the engine of this run', () => {
  test('answers at DOCKER_HOST', async () => {
    const host = process.env['DOCKER_HOST'] ?? '';
    expect(String(await dockerClient(host).ping())).toBe('OK');
    expect(existsSync(host.replace('unix://', '')) || !host.startsWith('unix://')).toBe(true);
  });
});
