import { describe, expect, it } from 'vitest';
import { readExecutorManagerConfig } from './config.ts';
import { readKubernetesSettings } from './drivers/kubernetes/kubernetes-settings.ts';

describe('readExecutorManagerConfig', () => {
  it('fills in every default', () => {
    const config = readExecutorManagerConfig({ HOME: '/home/u' }, { executorName: 'one', dataDir: '/data' });
    expect(config).toEqual({
      executorName: 'one',
      driver: 'auto',
      heartbeat: { intervalSeconds: 10, lostAfterSeconds: 40 },
      labels: {},
      dataDir: '/data',
      maxConcurrent: 5,
      maxConversations: 1000,
      conversationUserID: 61_000,
      ports: { min: 10_001, max: 10_100 },
      image: 'troupe-executor:latest',
      network: 'bridge',
      dockerHosts: [
        'unix:///var/run/docker.sock',
        'unix:///home/u/.docker/run/docker.sock',
        'unix:///home/u/.colima/default/docker.sock',
        'unix:///home/u/.orbstack/run/docker.sock',
      ],
      kubernetes: readKubernetesSettings(),
      allowedAddresses: [],
      runnerEnvironment: {},
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it.each([
    [
      { EXECUTOR_PORT_RANGE_MIN: '9000', EXECUTOR_PORT_RANGE_MAX: '9000' },
      { min: 9000, max: 9000 },
      'one port is a range',
    ],
    [{ EXECUTOR_PORT_RANGE_MIN: '20000' }, { min: 20_000, max: 20_099 }, 'the other end follows'],
    [{ EXECUTOR_PORT_RANGE_MIN: '65535' }, { min: 65_535, max: 65_535 }, 'never beyond the last port'],
    [
      { EXECUTOR_PORT_RANGE_MIN: '', EXECUTOR_PORT_RANGE_MAX: ' ' },
      { min: 10_001, max: 10_100 },
      'empty is unset',
    ],
  ])('%o', (env, ports, reason) => {
    expect(readExecutorManagerConfig(env).ports, reason).toEqual(ports);
  });

  it.each([
    [
      { EXECUTOR_PORT_RANGE_MIN: '9001', EXECUTOR_PORT_RANGE_MAX: '9000' },
      'EXECUTOR_PORT_RANGE_MAX (9000) is below EXECUTOR_PORT_RANGE_MIN (9001)',
      'an empty range',
    ],
    [
      { EXECUTOR_PORT_RANGE_MIN: 'a' },
      'EXECUTOR_PORT_RANGE_MIN must be a whole number from 1 to 65535, not "a"',
      'a word',
    ],
    [
      { EXECUTOR_PORT_RANGE_MAX: '70000' },
      'EXECUTOR_PORT_RANGE_MAX must be a whole number from 1 to 65535, not "70000"',
      'no such port',
    ],
    [
      { MAX_CONCURRENT_TASKS: '0' },
      'MAX_CONCURRENT_TASKS must be a whole number from 1 to 100, not "0"',
      'nothing would ever run',
    ],
    [
      { MAX_CONCURRENT_CONVERSATIONS: '-1' },
      'MAX_CONCURRENT_CONVERSATIONS must be a whole number from 0 to 10000, not "-1"',
      '0 means that none shares a process',
    ],
    [
      { MAX_CONCURRENT_TASKS: '1.5' },
      'MAX_CONCURRENT_TASKS must be a whole number from 1 to 100, not "1.5"',
      'half',
    ],
    [{ NETWORK: 'host' }, 'NETWORK must be "bridge" or a network made with', 'it isolates nothing'],
    [{ NETWORK: 'container:x' }, 'NETWORK must be', 'no port of its own'],
    [
      { TROUPE_ALLOWED_ADDRESSES: '10.0.0.0/8, 10.0.0/8' },
      'TROUPE_ALLOWED_ADDRESSES: "10.0.0/8" is no network, address or name',
      'a network that was meant must not be missing',
    ],
    [{ EXECUTOR_NAME: 'Big_One' }, 'EXECUTOR_NAME must consist of lower case letters', 'a name of the API'],
  ])('refuses %o', (env, message, reason) => {
    expect(() => readExecutorManagerConfig(env), reason).toThrow(message);
  });

  it('takes DOCKER_HOST alone and passes on no credentials', () => {
    const env = {
      DOCKER_HOST: 'tcp://10.0.0.1:2375',
      PATH: '/bin',
      ANTHROPIC_API_KEY: 'sk',
      TROUPE_DATABASE_URL: 'x',
    };
    const config = readExecutorManagerConfig(env);
    expect(config.dockerHosts).toEqual(['tcp://10.0.0.1:2375']);
    expect(config.driver, 'an engine that is away must not mean agents without isolation').toBe('docker');
    expect(readExecutorManagerConfig(env, { driver: 'process' }).driver, 'unless asked for').toBe('process');
    expect(config.runnerEnvironment).toEqual({ PATH: '/bin' });
  });
});
