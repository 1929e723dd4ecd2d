import { describe, expect, it } from 'vitest';
import { partsOf, reportOf, versionFindings } from './report.ts';
import type { ServerFacts } from './report.ts';

const COMMAND = {
  version: '0.2.0',
  schema: 3,
  migrationsAfter: (schema: number) => ['a', 'b', 'c', 'd'].slice(schema + 1),
};
const SAME: ServerFacts = {
  version: '0.2.0',
  schema: 3,
  controllers: undefined,
  executors: [{ name: 'e', version: '0.2.0' }],
};

const NOTHING_TOLD: ServerFacts = {
  version: undefined,
  schema: undefined,
  controllers: 'host_1',
  executors: [{ name: 'e', version: undefined }],
};

describe('an upgrade', () => {
  it.each<{ reason: string; given: Partial<ServerFacts>; want: string[] }>([
    { reason: 'nothing changes', given: {}, want: [] },
    { reason: 'no migration is needed', given: { version: '0.1.0' }, want: [] },
    {
      reason: 'tables change',
      given: { version: '0.1.0', schema: 1 },
      want: ['Warning database schema: the first start runs c, d'],
    },
    {
      reason: 'a server that does not tell its schema yet',
      given: { version: '0.1.0', schema: undefined },
      want: ['Warning database schema: the schema of the tables is not known'],
    },
    {
      reason: 'there is no way back',
      given: { version: '0.3.0', schema: 4 },
      want: [
        'Hinders api: the server is newer (0.3.0) than this command (0.2.0)',
        'Hinders database schema: the tables have schema 4, this version knows 3: it would not start',
      ],
    },
    {
      reason: 'a cluster has no tables of ours',
      given: { version: undefined, schema: undefined },
      want: ['Warning api: the server does not say which version of Troupe it is'],
    },
    {
      reason: 'executors of all ages; one that never reported counts for nothing',
      given: {
        executors: [
          { name: 'old', version: '0.1.0' },
          { name: 'new', version: '0.3.0' },
          { name: 'none', version: undefined },
        ],
      },
      want: [
        'Warning executor/old: its executor manager is older (0.1.0) than this command',
        'Warning executor/new: its executor manager is newer (0.3.0) than this command',
      ],
    },
  ])('$reason', ({ given, want }) => {
    const found = versionFindings({ ...SAME, ...given }, COMMAND);
    expect(found.map(({ level, about, message }) => `${level} ${about}: ${message}`)).toEqual(want);
    expect(found.every(({ remedy }) => remedy !== '')).toBe(true);
    expect(reportOf([], found).ready).toBe(!want.some((text) => text.startsWith('Hinders')));
  });

  it('shows each part beside what it becomes', () => {
    expect(partsOf(NOTHING_TOLD, COMMAND)).toEqual([
      { name: 'api', running: 'unknown', upgrade: '0.2.0' },
      { name: 'database schema', running: 'unknown', upgrade: '3' },
      { name: 'controllers (host_1)', running: 'unknown', upgrade: '0.2.0' },
      { name: 'executor/e', running: 'unknown', upgrade: '0.2.0' },
    ]);
  });

  it('tells first what hinders', () => {
    const finding = (level: 'Hinders' | 'Warning', about: string) => ({
      ...{ level, about, message: '', remedy: '' },
    });
    const { findings } = reportOf(
      [],
      [finding('Warning', 'a'), finding('Hinders', 'b'), finding('Warning', 'c')],
    );
    expect(findings.map(({ about }) => about)).toEqual(['b', 'a', 'c']);
  });
});
