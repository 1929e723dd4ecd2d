import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { dockerClient } from '#dev/environment/docker';
import { mysql as privateMysql } from '#dev/environment/mysql';
import { redis as privateRedis } from '#dev/environment/redis';

/** The set-up of every project names its engines; here private ones are wanted. */
const unnamed = (variable: string): unknown => vi.stubEnv(variable, undefined);

const leftovers = async (purpose: string): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith(`troupe-${purpose}-`));

describe('private instances', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('MySQL: answers, lets the tests make databases, and leaves nothing behind', async () => {
    unnamed('TROUPE_TEST_DATABASE_URL');
    const before = await leftovers('mysql');
    let url = '';
    {
      await using server = await privateMysql();
      url = server.url;
      const connection = await mysql.createConnection(url);
      await connection.query('CREATE DATABASE another');
      const [rows] = await connection.query('SELECT DATABASE() AS name');
      expect(rows).toEqual([{ name: 'troupe' }]);
      await connection.end();
    }
    await expect(mysql.createConnection(url)).rejects.toThrow(/ECONNREFUSED/);
    expect(await leftovers('mysql')).toEqual(before);
  });

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

describe('the engine of this run', () => {
  test('answers at DOCKER_HOST', async () => {
    const host = process.env['DOCKER_HOST'] ?? '';
    expect(String(await dockerClient(host).ping())).toBe('OK');
    expect(existsSync(host.replace('unix://', '')) || !host.startsWith('unix://')).toBe(true);
  });
});
