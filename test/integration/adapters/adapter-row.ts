import type { ModelProtocol, RunShell } from '#executor-manager/protocol/run';
import type { RunnerCalls } from '../../kit/runner.ts';
import type { RecordedModel } from '../../kit/model-requests.ts';
import type { AgentAdapter } from '#executor-image/adapters/adapter';

/** Where the suite runs: the runner as a process of this machine, or in a sandbox. */
export interface SuitePlace {
  startRunner(): Promise<SuiteRunner>;
  /** The program of Node there. */
  node: string;
  /** A name of this machine, and the address on which a server listens, for what runs there. */
  host: string;
  listen: string;
}

export interface SuiteRunner extends RunnerCalls, AsyncDisposable {
  /** Makes an empty file in the folder of the Task. */
  touch(file: string): Promise<void>;
  has(file: string): Promise<boolean>;
}

/**
 * An adapter in the suite of all adapters: a file ROW.test.ts beside this one calls `adapterSuite(row)`. The suite reads
 * from `adapter.capabilities` what can be asked of it; a case that it cannot have is not run, and its title says why.
 */
export interface AdapterRow {
  adapter: AgentAdapter;
  shell: RunShell;
  protocol: ModelProtocol;
  /** A tool of the program's own that runs a command; absent for one that has none. */
  command?: {
    /** As the model calls it. */
    tool: string;
    /** As events and policies call it, where that is another name. */
    name?: string;
    /** The tool's input, as YAML in flow style. */
    input(command: string): string;
  };
  /** How the model gives an answer that has to fit a schema: an answer of the script, in flow style. A reply of JSON when absent. */
  structured?(json: string): string;
  /** What the program behind the adapter cannot do, although the adapter could hand it on: why. */
  lacks?: Partial<Record<Ability, string>>;
  /** Whether it tells what it has cost. */
  tellsCost?: boolean;
  /** In place of a process of this machine. */
  place?: SuitePlace;
  /** The service behind it; a scripted model with the suite's script when absent. */
  service?(): Promise<RecordedModel>;
  /** The tool by which the model asks a person, with its input for `Which colour?`, Red or Blue; absent where there is none. */
  question?: { tool: string; input: string };
}

export type Ability =
  /** It tells refusals and answers that were cut off from others. */
  | 'endings'
  /** It tells that its model failed, and not only that it failed itself. */
  | 'model errors'
  | 'images'
  /** It calls the model that the request names. */
  | 'models'
  /** It tells what it has used up before it ends. */
  | 'usage so far'
  /** It finds its session where the folder that it works in has another path. */
  | 'sessions in another folder'
  /** Its model hears why a call was not allowed. */
  | 'reasons of denials'
  /** It reads AGENTS.md. */
  | 'instructions'
  /** It hears of skills. */
  | 'skills'
  /** It does not wait for what its commands leave behind. */
  | 'leaving'
  /** A tool of its own can kill it. */
  | 'death';
