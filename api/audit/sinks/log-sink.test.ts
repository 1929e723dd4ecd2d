import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { silentMeter } from '../../machinery/meter.ts';
import { openLogSink } from './log-sink.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-audit-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('makes the folder of its file, for the owner alone', async () => {
  const file = path.join(folder, 'log', 'troupe', 'audit.log');
  const sink = await openLogSink({
    ...{ file, maxBytes: 1000, maxAgeMs: 0, maxBackups: 0, mode: 'batch' },
    ...{ clock: systemClock, logger: silentLogger, meter: silentMeter },
  });
  await sink.close();
  expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
