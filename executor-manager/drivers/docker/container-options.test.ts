import { describe, expect, it } from 'vitest';
import type { RuntimeSpec } from '../driver.ts';
import { containerOptions, engineName, runtimeIDOf } from './container-options.ts';

const spec: RuntimeSpec & { port: number } = {
  id: 'rt-1',
  port: 10_001,
  tokenHash: 'hash',
  limits: { memory: 2 ** 30, cpus: 4, pids: 100, disk: 10 * 2 ** 30 },
};
const settings = {
  owner: 'o',
  executorName: 'e',
  image: 'i:1',
  network: 'bridge',
  publishHost: '127.0.0.1',
  engineCPUs: 2,
};

describe('containerOptions', () => {
  it('trusts the container with nothing', () => {
    const { HostConfig, User, Image, name } = containerOptions(spec, settings);
    expect({ User, Image, name }).toEqual({ User: '10001:10001', Image: 'i:1', name: 'troupe-rt-1' });
    expect(HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Privileged: false,
      Memory: 2 ** 30,
      MemorySwap: 2 ** 30,
      PidsLimit: 100,
      Ulimits: [{ Name: 'fsize', Soft: 10 * 2 ** 30, Hard: 10 * 2 ** 30 }],
      RestartPolicy: { Name: 'no' },
      PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '10001' }] },
    });
    expect(HostConfig?.NanoCpus, 'an engine refuses more cores than it has').toBe(2e9);
    expect(HostConfig?.Mounts?.map(({ Type, Source, Target }) => [Type, Source, Target])).toEqual([
      ['volume', 'troupe-rt-1', '/workspace'],
    ]);
    expect(HostConfig?.Binds).toBeUndefined();
  });

  it('says nothing secret in labels or environment', () => {
    const { Env, Labels } = containerOptions(spec, settings);
    expect(Env).toEqual([
      'TROUPE_RUNNER_PORT=8080',
      'TROUPE_RUNNER_HOST=0.0.0.0',
      'TROUPE_RUNNER_TOKEN_SHA256=hash',
      'TROUPE_RUNNER_WORKSPACE=/workspace',
      'TROUPE_RUNNER_STATE=/run/troupe',
    ]);
    expect(Labels).toEqual({
      'io.troupe.executor': 'e',
      'io.troupe.owner': 'o',
      'io.troupe.port': '10001',
    });
  });

  it.each([
    ['troupe-rt-1', 'rt-1', 'a runtime'],
    ['/troupe-rt-1', 'rt-1', 'the way the engine lists names'],
    ['troupe-8c1f', '8c1f', 'named after a Sandbox by an older version'],
    ['troupe-task-77aa', 'task-77aa', 'a volume of an older version'],
  ])('%s is of the runtime %s: %s', (name, id, reason) => {
    expect(runtimeIDOf(name), reason).toBe(id);
    expect(engineName(id)).toBe(name.replace('/', ''));
  });

  it('runs the same program in an image of somebody else, which says nothing about how', () => {
    const environment = {
      PATH: '/tools',
      LANG: 'de_DE.UTF-8',
      NODE_OPTIONS: '--require /x',
      JAVA_HOME: '/java',
    };
    const custom = { name: 'mine:2', environment, runnerVolume: 'the-runner' };
    const ours = containerOptions(spec, settings);
    const theirs = containerOptions(spec, { ...settings, custom });
    const { Image, Env = [], HostConfig, ...rest } = theirs;
    const { Image: _, Env: ownEnv = [], HostConfig: ownHost, ...same } = ours;
    expect(rest).toEqual(same);
    expect(rest).toMatchObject({
      Entrypoint: ['/opt/troupe/node', '/opt/troupe/runner.cjs'],
      Cmd: [],
      WorkingDir: '/workspace',
      Healthcheck: { Test: ['NONE'] },
    });
    expect(Image).toBe('mine:2');
    expect(Env.slice(ownEnv.length), 'names without values take variables away from the runner').toEqual([
      'NODE_OPTIONS',
      'JAVA_HOME',
      `TROUPE_RUNNER_IMAGE_ENVIRONMENT=${JSON.stringify(environment)}`,
    ]);
    const { Mounts, ...host } = HostConfig ?? {};
    const { Mounts: __, ...sameHost } = ownHost ?? {};
    expect(host, 'it is as hardened').toEqual(sameHost);
    expect(
      Mounts?.map((mount) => [mount.Source, mount.Target, mount.ReadOnly, mount.VolumeOptions?.NoCopy]),
    ).toEqual([
      ['troupe-rt-1', '/workspace', undefined, true],
      ['the-runner', '/opt/troupe', true, true],
    ]);
  });

  it.each([
    [2 ** 20, 512 * 2 ** 20, 'the events of the runner are files too'],
    [1.5 * 2 ** 30 + 0.5, 1.5 * 2 ** 30, 'whole bytes'],
    [1e30, Number.MAX_SAFE_INTEGER, 'a number that the engine can read'],
  ])('a disk limit of %d gives files of at most %d: %s', (disk, most, reason) => {
    const { HostConfig } = containerOptions({ ...spec, limits: { ...spec.limits, disk } }, settings);
    expect(HostConfig?.Ulimits, reason).toEqual([{ Name: 'fsize', Soft: most, Hard: most }]);
  });
});
