import { describe, expect, it } from 'vitest';
import { compileApiOptions } from './api-options.ts';
import type { ApiOptions, CompiledApiOptions } from './api-options.ts';
import { silentLogger } from './machinery/logger.ts';
import { DEFAULT_RETENTION } from './registry/retention/rules.ts';
import { DEFAULT_LIMITS } from './server/limits/limits.ts';
import { DEFAULT_STORE_OPTIONS } from './storage/store-options.ts';
import { INTERNAL_RESOURCES } from './registry/internal-resources.ts';

const compiled = (given: Partial<ApiOptions>): CompiledApiOptions =>
  compileApiOptions({ listen: { host: '::', port: 1 }, dataDir: '/data', logger: silentLogger, ...given });

describe('compileApiOptions', () => {
  it('puts all files into the data folder, and every default in its place', () => {
    expect(compiled({})).toMatchObject({
      listen: { host: '::', port: 1 },
      keyMaterial: {
        token: { file: '/data/token', mayMake: true },
        accountKeys: { file: '/data/account-keys', mayMake: true },
      },
      certificates: { folder: '/data/pki', listenHost: '::', names: [] },
      kubeconfigs: ['/data/kubeconfig'],
      advertiseURL: undefined,
      database: { url: 'sqlite:/data/troupe.db' },
      encryptedResources: new Set([
        'secrets',
        'models.agent.wecode.io',
        'ghosts.agent.wecode.io',
        'mcpservers.agent.wecode.io',
        ...Object.values(INTERNAL_RESOURCES),
      ]),
      rootKeys: { file: '/data/encryption-keys', mayMake: true },
      compaction: { ...DEFAULT_STORE_OPTIONS.compaction, rememberMs: 3_600_000 },
      retention: DEFAULT_RETENTION,
      limits: DEFAULT_LIMITS,
    });
  });

  const { compaction } = DEFAULT_STORE_OPTIONS;
  it.each<{ reason: string; given: Partial<ApiOptions>; want: object }>([
    {
      reason: 'a database elsewhere',
      given: { databaseURL: 'mysql://db/troupe', databaseConnections: 8, redisURL: 'redis://hints' },
      want: { database: { url: 'mysql://db/troupe', connections: 8, redisURL: 'redis://hints' } },
    },
    {
      reason: 'a file of keys that an operator named must be there',
      given: { rootKeyFile: '/keys' },
      want: { rootKeys: { file: '/keys', mayMake: false } },
    },
    {
      reason: 'one more kubeconfig; clients use it and the one of the data folder',
      given: { writeKubeconfig: '/home/kubeconfig', advertiseURL: 'https://troupe' },
      want: { kubeconfigs: ['/data/kubeconfig', '/home/kubeconfig'], advertiseURL: 'https://troupe' },
    },
    {
      reason: 'the same file is written once',
      given: { writeKubeconfig: '/data/kubeconfig' },
      want: { kubeconfigs: ['/data/kubeconfig'] },
    },
    {
      reason: 'history differs from the defaults where it is given',
      given: { history: { windowMs: 60_000 } },
      want: { compaction: { ...compaction, windowMs: 60_000, rememberMs: 3_600_000 } },
    },
    {
      reason: 'marks are remembered as long as Events are kept',
      given: { retention: { events: 120_000 } },
      want: {
        retention: { ...DEFAULT_RETENTION, events: 120_000 },
        compaction: { ...compaction, rememberMs: 120_000 },
      },
    },
    {
      reason: 'Events that are kept for ever need no marks',
      given: { retention: { events: undefined } },
      want: { retention: { ...DEFAULT_RETENTION, events: undefined }, compaction: { rememberMs: 0 } },
    },
    {
      reason: 'limits differ from the defaults where they are given',
      given: { limits: { reads: 1 } },
      want: { limits: { ...DEFAULT_LIMITS, reads: 1 } },
    },
    {
      reason: 'names of the certificate, and kinds to encrypt',
      given: { tlsNames: ['troupe'], encrypt: ['tasks'] },
      want: {
        certificates: { names: ['troupe'] },
        encryptedResources: new Set(['tasks.agent.wecode.io', ...Object.values(INTERNAL_RESOURCES)]),
      },
    },
  ])('$reason', ({ given, want }) => {
    expect(compiled(given)).toMatchObject(want);
  });

  it('is frozen, and shares nothing that its caller could change', () => {
    const tlsNames = ['troupe'];
    const options = compiled({ tlsNames });
    tlsNames.push('later');
    expect(options.certificates.names).toEqual(['troupe']);
    expect(Object.isFrozen(options)).toBe(true);
    const services = { clock: undefined, logger: undefined, metrics: undefined, tracer: undefined };
    expect(
      Object.values({ ...options, ...services }).filter(
        (part) => typeof part === 'object' && !(part instanceof Set) && !Object.isFrozen(part),
      ),
    ).toEqual([]);
  });

  it.each<{ reason: string; given: Partial<ApiOptions>; message: RegExp }>([
    {
      reason: 'bounds of history that contradict each other',
      given: { history: { minRevisions: 2000, maxRevisions: 1000 } },
      message: /--history-min-revisions.*--history-max-revisions/s,
    },
    { reason: 'a kind that is not there', given: { encrypt: ['tsaks'] }, message: /"tsaks"/ },
  ])('refuses $reason', ({ given, message }) => {
    expect(() => compiled(given)).toThrow(message);
  });
});
