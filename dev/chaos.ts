import { mkdir, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runChaos } from './chaos/chaos.ts';
import { SCENARIOS } from './chaos/scenarios/mix.ts';
import { CHAOS_DATABASES } from './chaos/stores.ts';
import { cacheFolder, projectRoot } from './environment/cache-folder.ts';
import { interruption } from './interruption.ts';

/**
 * `node dev/chaos.ts --tasks 300 --seed 7`: Tasks of all kinds while everybody is killed who can be. The last line says whether
 * anything was lost, done twice or left behind; the logs of all processes are in .cache/chaos. `--docker own` gives half of
 * the sandboxes an engine that is killed, too; `--docker unix:///…` one that others use, whose death is played.
 */
const interrupted = interruption();
process.chdir(projectRoot);
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    rounds: { type: 'string' },
    database: { type: 'string', default: 'mariadb' },
    docker: { type: 'string' },
    scenario: { type: 'string', multiple: true },
  },
});
const tasks = Number(values.tasks);
const seed = Number(values.seed);
const rounds = Number(values.rounds ?? Math.max(1, Math.ceil(tasks / 20)));
const database = CHAOS_DATABASES.find((one) => one === values.database);
if (database === undefined) throw new Error(`--database is one of ${CHAOS_DATABASES.join(', ')}`);
const again = `node dev/chaos.ts --tasks ${tasks} --seed ${seed} --rounds ${rounds} --database ${database}${values.docker === undefined ? '' : ` --docker ${values.docker}`}`;
console.log(again);
const logs = cacheFolder('chaos');
await rm(logs, { recursive: true, force: true });
await mkdir(logs, { recursive: true });
const scenarios = SCENARIOS.filter(({ name }) => values.scenario?.includes(name) ?? true);
const { findings, figures, memory } = await runChaos({
  ...{ tasks, seed, rounds, database, logs, scenarios, engine: values.docker },
  ...{ tell: console.log, signal: interrupted },
}).catch((error: unknown) => {
  if (interrupted.aborted) console.error((interrupted.reason as Error).message);
  else for (const one of allOf(error)) console.error(one);
  process.exit(2);
});
for (const finding of findings) console.log(`FAIL ${finding}`);
console.log(JSON.stringify(figures));
console.table(memory);
console.log(
  findings.length === 0 ? 'nothing is lost, nothing done twice, nothing left behind' : `again: ${again}`,
);
process.exitCode = findings.length === 0 ? 0 : 1;

/** An error that ends the run may end its cleaning up, too; the first one is the last here. */
function allOf(error: unknown): unknown[] {
  return error instanceof SuppressedError ? [...allOf(error.error), ...allOf(error.suppressed)] : [error];
}
