import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { refOf } from '#api/machinery/resource-type';
import { connect } from '#api/client/connect';
import { TASKS } from '#api/types/resources';
import { isAtRest } from '#api/types/tasks/task';
import { hostAddress } from '../environment/docker/docker-gateway.ts';
import { randomFrom } from '../random.ts';
import type { Random } from '../random.ts';
import { CHECKS } from './checks.ts';
import { ownEngine, sharedEngine } from './engines.ts';
import type { ChaosEngine } from './engines.ts';
import { engineRemains } from './engine-front.ts';
import type { Evidence } from './evidence.ts';
import { startInstallation } from './installation.ts';
import type { ExecutorPlace } from './executor-place.ts';
import type { Installation } from './installation.ts';
import { sharedObjects, taskOf, teamObjects } from './manifests.ts';
import { People } from './people.ts';
import type { Memory } from './memory.ts';
import { PersistentClient } from './persistent-client.ts';
import {
  allObjects,
  executorFiles,
  temporaryFiles,
  openPorts,
  processesOf,
  untilNothingIsLeft,
} from './remains.ts';
import type { Expectation, Scenario, TaskScenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/mix.ts';
import { startServices } from './services.ts';
import type { Services } from './services.ts';
import type { ChaosDatabase } from './stores.ts';
import { troublesFrom } from './troubles.ts';
import type { Trouble } from './troubles.ts';

export interface ChaosOptions {
  tasks: number;
  /** All choices come from it. */
  seed: number;
  database: ChaosDatabase;
  /** How often everybody is killed; 0 for a run without troubles. */
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
  /** Ends the run early: it stops all that it has started, and throws the reason. */
  signal?: AbortSignal;
}

export interface ChaosReport {
  /** Sentences; empty when all is as it has to be. */
  findings: readonly string[];
  figures: { kills: number; attempts: number; calls: number; effects: number; seconds: number };
  /** MiB that each of Troupe's processes had when it was ready for the first time, at most before a kill, and at the end. */
  memory: Readonly<Record<string, Memory>>;
}

/** Between the end of the last trouble and the end of the last Task. */
const PATIENCE_MS = 300_000;
const REMAINS_MS = 90_000;

/** Tasks of many kinds, while everybody is killed who can be; then judges what has come of it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { scenarios = SCENARIOS, signal = new AbortController().signal } = options;
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await engineOf(options));
  signal.throwIfAborted();
  const host = engine === undefined ? '127.0.0.1' : await hostAddress(engine.host);
  const services = stack.use(await startServices({ scenarios, host }));
  const installation = stack.use(await startInstallation({ ...options, engine, host, signal }));
  const connection = await connect({ kubeconfig: installation.kubeconfig });
  stack.defer(() => connection.close());
  const run = new ChaosRun({
    ...options,
    scenarios,
    services,
    installation,
    ...{ signal, user: new PersistentClient(connection, signal) },
  });
  return await run.report();
}

async function engineOf({ engine }: ChaosOptions): Promise<ChaosEngine | undefined> {
  if (engine === undefined) return undefined;
  return engine === 'own' ? await ownEngine() : sharedEngine(engine);
}

interface RunOptions extends ChaosOptions {
  signal: AbortSignal;
  scenarios: readonly Scenario[];
  services: Services;
  installation: Installation;
  user: PersistentClient;
}

class ChaosRun {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #people: People;
  /** Of each Task that was handed in, forks among them. */
  readonly #scenarioOf = new Map<string, TaskScenario>();
  /** Whoever fails ends the run. */
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  /** Tasks handed in, without forks. */
  #count = 0;
  readonly #start = performance.now();
  #kills = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#signal = AbortSignal.any([options.signal, this.#failure.signal]);
    const { user, services, seed } = options;
    const handIn = (name: string, scenario: TaskScenario): Promise<void> => this.#handIn(name, scenario);
    this.#people = new People({ user, desk: services.desk, handIn, random: randomFrom(seed + 1) });
  }

  async report(): Promise<ChaosReport> {
    const { user, services, scenarios } = this.#options;
    const objects = [...sharedObjects(services), ...scenarios.flatMap((one) => teamObjects(one, services))];
    for (const { type, object } of objects) await user.create(type, object);
    const before = await allObjects(user);
    const unended = await this.#untilAllHaveEnded();
    const evidence = await this.#collect();
    const findings = Object.values(CHECKS).flatMap((check) =>
      check(evidence, (name) => this.#expected(name)),
    );
    await this.#keep(findings);
    const { members } = this.#options.installation;
    const ends = members.flatMap(({ unexpectedEnds }) => unexpectedEnds);
    const measured = members.flatMap((member) => {
      const memory = member.memory?.();
      return memory === undefined ? [] : [[member.name, memory] as const];
    });
    const remains = await this.#remains(before);
    return {
      findings: [...unended, ...ends, ...findings, ...remains],
      figures: this.#figures(evidence),
      memory: Object.fromEntries(measured),
    };
  }

  /** Troubles, and people who do what they have to do meanwhile. @returns what is wrong */
  async #untilAllHaveEnded(): Promise<string[]> {
    const over = new AbortController();
    const attending = this.#people
      .attendUntil(over.signal)
      .catch((error: unknown) => this.#failure.abort(error));
    let unended: string[];
    try {
      await this.#makeTrouble();
      unended = await this.#patience();
    } finally {
      // Nobody acts when all is stopped.
      over.abort();
      await attending;
    }
    this.#signal.throwIfAborted();
    return unended;
  }

  /** Hands Tasks in between the troubles, so that there is work at each of them. */
  async #makeTrouble(): Promise<void> {
    const { installation, rounds, tasks } = this.#options;
    const names = installation.members.map(({ name }) => name);
    const troubles = troublesFrom(this.#random, { members: names, rounds });
    for (const [index, trouble] of troubles.entries()) {
      const due = Math.ceil((tasks * (index + 1)) / troubles.length);
      while (this.#count < due) await this.#handInNext();
      await this.#suffer(trouble);
    }
    while (this.#count < tasks) await this.#handInNext();
  }

  async #handInNext(): Promise<void> {
    const { scenarios } = this.#options;
    const number = this.#count;
    this.#count += 1;
    const scenario = scenarios[number % scenarios.length];
    if (scenario === undefined) throw new Error('there is no scenario');
    await this.#handIn(`${scenario.name}-${String(number).padStart(3, '0')}`, scenario);
  }

  async #handIn(name: string, scenario: TaskScenario): Promise<void> {
    this.#signal.throwIfAborted();
    this.#scenarioOf.set(name, scenario);
    this.#people.expect(name, scenario);
    await this.#options.user.create(TASKS, taskOf(scenario, name));
  }

  async #suffer({ victims, downMs, restMs }: Trouble): Promise<void> {
    const { tell, installation } = this.#options;
    const signal = this.#signal;
    const members = installation.members.filter(({ name }) => victims.includes(name));
    tell(`${this.#seconds()} s: ${victims.join(' and ')} killed, away for ${downMs} ms`);
    await Promise.all(members.map((member) => member.kill()));
    this.#kills += members.length;
    await delay(downMs, undefined, { signal });
    // The database first: a replica that starts waits for it only so long.
    for (const member of members) await member.start();
    await delay(restMs, undefined, { signal });
  }

  async #patience(): Promise<string[]> {
    const { user, tell } = this.#options;
    let told = '';
    for (const end = performance.now() + PATIENCE_MS; ; await delay(500)) {
      this.#signal.throwIfAborted();
      const undone = this.#people.unattended().map((task) => `${task} waits for people`);
      const tasks = await user.tasks();
      const open = tasks
        .filter((task) => !isAtRest(task))
        .map(
          ({ metadata, status }) => `${metadata.name} does not end: ${status?.message ?? 'it has no status'}`,
        );
      const news = `${open.length} of ${tasks.length} Tasks have not ended, ${undone.length} wait for people`;
      if (news !== told) tell(`${this.#seconds()} s: ${news}`);
      told = news;
      if (open.length + undone.length === 0) return [];
      if (performance.now() > end) return [...open, ...undone];
    }
  }

  async #collect(): Promise<Evidence> {
    const { user, services } = this.#options;
    const sandboxes = await user.sandboxes();
    const tasks = await Promise.all(
      (await user.tasks()).map((task) => user.see(task, sandboxes.get(task.metadata.uid ?? '') ?? [])),
    );
    return {
      tasks,
      handedIn: [...this.#scenarioOf.keys()],
      // Whoever is alive in secret calls the model by then.
      ...{ calls: services.calls(), effects: services.effects(), requests: services.desk.requests() },
    };
  }

  /** Writes all about the Tasks that the findings name beside the logs, since they are about to be removed. */
  async #keep(findings: readonly string[]): Promise<void> {
    const { user, logs } = this.#options;
    const sandboxes = await user.sandboxes();
    for (const task of await user.tasks()) {
      const { name, uid = '' } = task.metadata;
      if (!findings.some((finding) => finding.includes(name))) continue;
      const all = { task, sandboxes: sandboxes.get(uid), log: await user.log(refOf(task)) };
      await writeFile(path.join(logs, `${name}.json`), JSON.stringify(all, undefined, 2));
    }
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

  #expected(task: string): readonly Expectation[] {
    return [this.#scenarioOf.get(task)?.expected(task) ?? []].flat();
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
