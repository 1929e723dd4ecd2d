import { expect, it } from 'vitest';
import { runChaos } from '#dev/chaos/chaos';
import { SCENARIOS } from '#dev/chaos/scenarios/mix';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { evidence } from '../kit/evidence.ts';

/**
 * The short form of `node dev/chaos.ts`: each part is killed once while a Task of each kind is under way, and nothing is
 * lost, done twice or left behind. Another seed with TROUPE_TEST_SEED.
 */
const SEED = Number(process.env['TROUPE_TEST_SEED'] ?? 1);
const TASKS = SCENARIOS.length;

it(`seed ${SEED}: whoever is killed, every Task ends as its script says`, async () => {
  await using logs = await temporaryFolder('chaos-logs');
  const told: string[] = [`node dev/chaos.ts --tasks ${TASKS} --seed ${SEED} --rounds 1`];
  using _ = evidence('the troubles', () => told.join('\n'));
  const { findings } = await runChaos({
    ...{ tasks: TASKS, seed: SEED, rounds: 1, database: 'mariadb', logs: logs.path },
    engine: process.env['DOCKER_HOST'],
    tell: (line) => void told.push(line),
  });
  expect(findings).toEqual([]);
});
