/** One command of a scenario. */
export interface Step {
  /** After `kubectl`. `$DIR` is the folder of the scenario's files. */
  args: readonly string[];
  /** Manifests for standard input: objects, or text as it is. */
  stdin?: string | readonly object[];
  env?: Record<string, string>;
  /** Commands that run once a request of this one matches, while it is still at work. */
  during?: { request: RegExp; steps: readonly Step[] };
  /** How often clients ask again differs from run to run: only that the answers were right is compared. */
  requests?: 'any';
  /** What is printed differs from server to server: only the exit code and the requests are compared. */
  output?: 'any';
}

/** Commands that build on each other, in a namespace of their own. */
export interface Scenario {
  name: string;
  /** Files by name, in `$DIR`. */
  files?: Record<string, string>;
  steps: readonly Step[];
}

/** What a command did. */
export interface Outcome {
  command: string;
  code: number;
  stdout: string;
  stderr: string;
  /** In order: method, URL, type of the body, status. */
  requests: string[];
}

export const step = (command: string, options: Omit<Step, 'args'> = {}): Step => ({
  args: words(command),
  ...options,
});

/** Splits at blanks outside of single quotes; the quotes go. */
function words(command: string): string[] {
  return (command.match(/(?:[^\s']|'[^']*')+/g) ?? []).map((word) => word.replaceAll("'", ''));
}
