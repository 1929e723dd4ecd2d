import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './paths.ts';

/** The examples that say how they come out, as a user applies them. */
const EXAMPLES = path.join(ROOT, 'examples');

/** examples/NAME/model/outcome.yaml */
export interface Outcome {
  status: string;
  /** Ids of the steps, in the order of `status.subTasks`. */
  nodes: string[];
  /** Who did them. */
  names: string[];
  value: string;
  /** What judges said. */
  quality?: object[];
}

/** The parts of a Task that an outcome is held to. */
export interface FinishedTask {
  status: {
    status: string;
    errorMessage?: string;
    subTasks: { node: string; title: string; attempt: number }[];
    result?: { value: string; quality?: object[] };
  };
}

export interface TeamExample {
  /** Of the folder, the Team and the Task. */
  name: string;
  /** The script of its model (docs/model-server.md). */
  script: string;
  /** The Team and all that it needs, with the model at this address. */
  team: (modelURL: string) => string;
  task: string;
  outcome: Outcome;
}

/** The names of all examples with an outcome. */
export async function teamExamples(): Promise<string[]> {
  const files = await readdir(EXAMPLES, { recursive: true });
  const found = files.filter((file) => path.basename(file) === 'outcome.yaml');
  // Beside the script of its model, where nobody applies it as a manifest.
  return found.map((file) => path.dirname(path.dirname(file))).toSorted();
}

export async function teamExample(name: string): Promise<TeamExample> {
  const read = (file: string): Promise<string> => readFile(path.join(EXAMPLES, name, file), 'utf8');
  const team = await read('team.yaml');
  return {
    name,
    script: await read('model/script.yaml'),
    team: (modelURL) => team.replaceAll('http://host.docker.internal:8090', modelURL),
    task: await read('task.yaml'),
    outcome: parse(await read('model/outcome.yaml')) as Outcome,
  };
}
