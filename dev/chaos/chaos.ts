import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '#api/client/connect';
import { TASKS } from '#api/types/resources';
import { isAtRest } from '#api/types/tasks/task';
import type { DatabaseFlavour } from '../environment/database-program.ts';
import { hostAddress } from '../environment/docker-gateway.ts';
import { randomFrom } from '../random.ts';
import type { Random } from '../random.ts';
import { CHECKS } from './checks.ts';
import { ownEngine, sharedEngine } from './engines.ts';
import type { ChaosEngine } from './engines.ts';
import { engineRemains } from './engine-front.ts';
import type { Evidence } from './evidence.ts';
import { startInstallation } from './installation.ts';
import type { ExecutorPlace, Installation } from './installation.ts';
import { sharedObjects, taskOf, teamObjects } from './manifests.ts';
import { People } from './people.ts';
import { PersistentClient } from './persistent-client.ts';
import {
  allObjects,
  executorFiles,
  temporaryFiles,
  openPorts,
  processesOf,
  untilNothingIsLeft,
} from './remains.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { startServices } from './services.ts';
import type { Services } from './services.ts';
import { troublesFrom } from './troubles.ts';
import type { Trouble } from './troubles.ts';

export interface ChaosOptions {
  tasks: number;
  /** All choices come from it. */
  seed: number;
  database: DatabaseFlavour;
  /** How often everybody is killed at least; more until all Tasks were handed in. */
  rounds: number;
  /** Folder for the logs of all processes. */
  logs: string;
  /**
   * The Docker engine in which one of the executors has its sandboxes: its unix:// address, or `own` for one that is really
   * killed; absent: all are processes.
   */
  engine?: string | undefined;
  /** Is told what happens, line by line. */
  tell: (line: string) => void;
  scenarios?: readonly Scenario[];
}

export interface ChaosReport {
  /** Sentences; empty when all is as it has to be. */
  findings: readonly string[];
  figures: { kills: number; attempts: number; calls: number; effects: number; seconds: number };
}

/** Between the end of the last trouble and the end of the last Task. */
const PATIENCE_MS = 300_000;
const REMAINS_MS = 90_000;

/** Tasks of many kinds, while everybody is killed who can be; then judges what has come of it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { scenarios = SCENARIOS } = options;
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await engineOf(options));
  const host = engine === undefined ? '127.0.0.1' : await hostAddress(engine.host);
  const services = stack.use(await startServices({ scenarios, host }));
  const installation = stack.use(await startInstallation({ ...options, engine, host }));
  const connection = await connect({ kubeconfig: installation.kubeconfig });
  stack.defer(() => connection.close());
  const run = new ChaosRun({
    ...options,
    scenarios,
    services,
    installation,
    user: new PersistentClient(connection),
  });
  return await run.report();
}

async function engineOf({ engine }: ChaosOptions): Promise<ChaosEngine | undefined> {
  if (engine === undefined) return undefined;
  return engine === 'own' ? await ownEngine() : sharedEngine(engine);
}

interface RunOptions extends ChaosOptions {
  scenarios: readonly Scenario[];
  services: Services;
  installation: Installation;
  user: PersistentClient;
}

class ChaosRun {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #people: People;
  /** The scenario of each Task that was handed in. */
  readonly #scenarioOf = new Map<string, Scenario>();
  readonly #start = performance.now();
  #kills = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#people = new People({ user: options.user, scenarioOf: (task) => this.#scenarioOf.get(task) });
  }

  async report(): Promise<ChaosReport> {
    const { user, services, scenarios } = this.#options;
    const objects = [...sharedObjects(services), ...scenarios.flatMap((one) => teamObjects(one, services))];
    for (const { type, object } of objects) await user.create(type, object);
    const before = await allObjects(user);
    await this.#makeTrouble();
    const unended = await this.#untilAllHaveEnded();
    const evidence = await this.#collect();
    const findings = Object.values(CHECKS).flatMap((check) =>
      check(evidence, ({ name }) => this.#scenario(name).expected(name)),
    );
    const ends = this.#options.installation.members.flatMap(({ unexpectedEnds }) => unexpectedEnds);
    const remains = await this.#remains(before);
    return { findings: [...unended, ...ends, ...findings, ...remains], figures: this.#figures(evidence) };
  }

  /** Hands Tasks in between the troubles, so that there is work at each of them. */
  async #makeTrouble(): Promise<void> {
    const { installation, rounds, tasks } = this.#options;
    const names = installation.members.map(({ name }) => name);
    const troubles = troublesFrom(this.#random, { members: names, rounds });
    for (const [index, trouble] of troubles.entries()) {
      const due = Math.ceil((tasks * (index + 1)) / troubles.length);
      while (this.#scenarioOf.size < due) await this.#handIn();
      await this.#people.attend();
      await this.#suffer(trouble);
    }
  }

  async #handIn(): Promise<void> {
    const { scenarios, user } = this.#options;
    const number = this.#scenarioOf.size;
    const scenario = scenarios[number % scenarios.length];
    if (scenario === undefined) throw new Error('there is no scenario');
    const name = `${scenario.name}-${String(number).padStart(3, '0')}`;
    this.#scenarioOf.set(name, scenario);
    await user.create(TASKS, taskOf(scenario, name));
  }

  async #suffer({ victims, downMs, restMs }: Trouble): Promise<void> {
    const { tell, installation } = this.#options;
    const members = installation.members.filter(({ name }) => victims.includes(name));
    tell(`${this.#seconds()} s: ${victims.join(' and ')} killed, away for ${downMs} ms`);
    await Promise.all(members.map((member) => member.kill()));
    this.#kills += members.length;
    await delay(downMs);
    // The database first: a replica that starts waits for it only so long.
    for (const member of members) await member.start();
    await delay(restMs);
  }

  async #untilAllHaveEnded(): Promise<string[]> {
    const { user, tell } = this.#options;
    let told = -1;
    for (const end = performance.now() + PATIENCE_MS; ; await delay(500)) {
      await this.#people.attend();
      const tasks = await user.tasks();
      const open = tasks.filter((task) => !isAtRest(task) || !this.#people.isDone(task));
      if (open.length !== told)
        tell(`${this.#seconds()} s: ${open.length} of ${tasks.length} Tasks have not ended`);
      told = open.length;
      if (open.length === 0) return [];
      if (performance.now() > end)
        return open.map(
          ({ metadata, status }) => `${metadata.name} does not end: ${status?.message ?? 'it has no status'}`,
        );
    }
  }

  async #collect(): Promise<Evidence> {
    const { user, services } = this.#options;
    const tasks = await Promise.all((await user.tasks()).map((task) => user.see(task)));
    // Whoever is alive in secret calls the model by then.
    return { tasks, calls: services.calls(), effects: services.effects() };
  }

  /** Deletes all Tasks, and then stops everything, and looks each time at what is left. */
  async #remains(before: ReadonlySet<string>): Promise<string[]> {
    const { user, installation } = this.#options;
    const { executors, folder, temporary } = installation;
    await user.persist((client) => client.deleteCollection(TASKS, { namespace: 'default' }));
    const look = async (): Promise<string[]> => {
      const objects = [...(await allObjects(user))].filter((object) => !before.has(object));
      const places = await Promise.all(
        executors.flatMap((place) => [executorFiles(place), openPorts(place), containersOf(place)]),
      );
      return [...objects, ...places.flat()];
    };
    const withTasksGone = await untilNothingIsLeft(look, REMAINS_MS);
    await installation.stop();
    const lookAgain = async (): Promise<string[]> => [
      ...(await processesOf(folder)),
      ...(await temporaryFiles(temporary)),
    ];
    const stopped = await untilNothingIsLeft(lookAgain, REMAINS_MS);
    return [...withTasksGone, ...stopped].map((what) => `left behind: ${what}`);
  }

  #scenario(task: string): Scenario {
    const scenario = this.#scenarioOf.get(task);
    if (scenario === undefined) throw new Error(`nobody has handed in ${task}`);
    return scenario;
  }

  #figures({ tasks, calls, effects }: Evidence): ChaosReport['figures'] {
    const attempts = tasks.flatMap(({ steps }) => steps).reduce((sum, step) => sum + step.attempts, 0);
    return {
      ...{ kills: this.#kills, attempts, calls: calls.length, effects: effects.length },
      seconds: this.#seconds(),
    };
  }

  #seconds(): number {
    return Math.round((performance.now() - this.#start) / 1000);
  }
}

function containersOf({ engine, name }: ExecutorPlace): Promise<string[]> {
  return engine === undefined ? Promise.resolve([]) : engineRemains(engine, name);
}
