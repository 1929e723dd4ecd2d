import { said, tool, toolService } from '#executor-image/tools/made-up-servers';
import { silentLogger } from '#api/machinery/logger';
import { parseScript } from '#model-server/load-script';
import { startModelServer } from '#model-server/model-server';
import { stringify } from 'yaml';
import { TASK_MARK, markedTask } from './task-mark.ts';
import { startDesk } from './desk.ts';
import type { Desk } from './desk.ts';
import type { CallSeen, EffectSeen } from './evidence.ts';
import type { AgentRule, Scenario } from './scenario.ts';

/** The model and the tool server of all agents: never killed, and their logs prove what has happened. */
export interface Services extends AsyncDisposable {
  modelURL: string;
  toolURL: string;
  desk: Desk;
  /** Calls that have begun; those under way last until now. */
  calls(): CallSeen[];
  effects(): EffectSeen[];
}

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
      const task = markedTask(prompt);
      const call: OpenCall = { sandbox: sandboxOf(callID), task, from: now(), to: undefined };
      calls.push(call);
      return () => {
        call.to = now();
      };
    },
  });
  stack.defer(() => model.close());
  const desk = stack.use(await startDesk(host));
  const note = (input: Record<string, unknown>): void => {
    const { task, step, by } = texts(input);
    effects.push({ task, step, sandbox: sandboxOf(by), at: now() });
  };
  const tools = stack.use(
    await toolService({
      host,
      tools: [
        tool('note', { description: 'Does the thing.' }),
        tool('count', { description: 'Counts a step of a Task.' }),
        tool('check', { description: 'Says whether all is well.' }),
      ],
      call: (name, input) => {
        const { task, step, failures } = texts(input);
        if (name === 'check')
          return said(desk.isWell({ task, step }, Number(failures)) ? 'all is well' : 'it is broken');
        if (name === 'count') desk.count({ task, step, key: '' });
        else note(input);
        return said('done');
      },
    }),
  );
  const owned = stack.move();
  return {
    modelURL: model.url,
    toolURL: tools.url,
    desk,
    calls: () => calls.map(({ sandbox, task, from, to }) => ({ sandbox, task, from, to: to ?? now() })),
    effects: () => [...effects],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Texts {
  task: string;
  step: string;
  by: string;
  failures: string;
}

function texts(input: Record<string, unknown>): Texts {
  const text = (name: keyof Texts): string => String(input[name]);
  return { task: text('task'), step: text('step'), by: text('by'), failures: text('failures') };
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
          ...{ system: [introduction(name)], matches: TASK_MARK },
          ...when,
        },
        steps,
      })),
    ),
  );
  return stringify([...rules, { name: 'helper', reply: 'ok' }]);
}
