import { said, tool, toolService } from '#executor-image/tools/made-up-servers';
import { silentLogger } from '#api/machinery/logger';
import { parseScript } from '#model-server/load-script';
import { startModelServer } from '#model-server/model-server';
import { stringify } from 'yaml';
import type { CallSeen, EffectSeen } from './evidence.ts';
import type { AgentRule, Scenario } from './scenario.ts';

/** The model and the tool server of all agents: never killed, and their logs prove what has happened. */
export interface Services extends AsyncDisposable {
  modelURL: string;
  toolURL: string;
  /** Calls that have begun; those under way last until now. */
  calls(): CallSeen[];
  effects(): EffectSeen[];
}

/** `[[NAME]]` in every prompt says for which Task it is. */
export const taskMark = (task: string): string => `[[${task}]]`;
const MARK = String.raw`\[\[(?P<task>[a-z0-9-]+)\]\]`;
const TASK = /\[\[([a-z0-9-]+)\]\]/;

/** Names an agent in its system prompt. */
export const introduction = (agent: string): string => `You are ${agent} and nobody else.`;

interface OpenCall extends Omit<CallSeen, 'to'> {
  to: number | undefined;
}

export interface ServicesOptions {
  scenarios: readonly Scenario[];
  /** Address of this machine that sandboxes reach. */
  host: string;
}

export async function startServices({ scenarios, host }: ServicesOptions): Promise<Services> {
  await using stack = new AsyncDisposableStack();
  const calls: OpenCall[] = [];
  const effects: EffectSeen[] = [];
  const now = (): number => performance.now();
  const model = await startModelServer({
    ...{ host: '127.0.0.1', port: 0, script: parseScript(scriptOf(scenarios)), logger: silentLogger },
    onCall: ({ callID, prompt }) => {
      const task = TASK.exec(prompt)?.[1];
      const call: OpenCall = { sandbox: sandboxOf(callID), task, from: now(), to: undefined };
      calls.push(call);
      return () => {
        call.to = now();
      };
    },
  });
  stack.defer(() => model.close());
  const tools = stack.use(
    await toolService({
      host,
      tools: [tool('note', { description: 'Does the thing.' })],
      call: (_, { task, step, by }) => {
        effects.push({ task: String(task), step: String(step), sandbox: sandboxOf(String(by)), at: now() });
        return said('done');
      },
    }),
  );
  const owned = stack.move();
  return {
    modelURL: model.url,
    toolURL: tools.url,
    calls: () => calls.map(({ sandbox, task, from, to }) => ({ sandbox, task, from, to: to ?? now() })),
    effects: () => [...effects],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The executor manager puts the uid before the first dot. */
function sandboxOf(callID: string | undefined): string {
  return callID?.split('.')[0] ?? 'unknown';
}

/** The rules of all agents. Claude Code's helper requests offer no tools, and do not matter. */
function scriptOf(scenarios: readonly Scenario[]): string {
  const rules = scenarios.flatMap(({ agents }) =>
    Object.entries(agents).flatMap(([name, { shell, rules: own }]) =>
      own.map(({ when, steps }: AgentRule) => ({
        name,
        when: {
          ...(shell === 'ClaudeCode' ? { offersTool: 'Bash' } : {}),
          ...{ system: [introduction(name)], matches: MARK },
          ...when,
        },
        steps,
      })),
    ),
  );
  return stringify([...rules, { name: 'helper', reply: 'ok' }]);
}
