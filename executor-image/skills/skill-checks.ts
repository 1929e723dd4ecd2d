import path from 'node:path';
import type { RunCheck } from '#executor-manager/protocol/skill';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';
import { runAgentProcess } from '../process/agent-process.ts';
import { RunFailure } from '../run-failure.ts';
import type { RunSkillPlace } from './placed-skills.ts';
import type { SkillShelf } from './skill-shelf.ts';

const DEFAULT_SECONDS = 60;
/** Lines of a check that the failure quotes. */
const QUOTED_LINES = 5;

export interface SkillChecks {
  skills: readonly RunSkillPlace[];
  shelf?: SkillShelf;
  /** Where the agent works. */
  folder: string;
  home: string;
  environment: Record<string, string>;
  runId: string;
  events: EventSink;
  signal: AbortSignal;
  clock: Clock;
}

/**
 * Runs the checks of all skills, in order, until one fails. Throws RunFailure: StartFailed before the agent works,
 * AssertionFailed afterwards; the reason of the signal when that aborts.
 */
export async function runChecks(when: RunCheck['when'], options: SkillChecks): Promise<void> {
  for (const skill of options.skills) {
    for (const check of skill.request.checks ?? []) {
      if (check.when === when) await runCheck(skill, check, options);
    }
  }
}

async function runCheck(skill: RunSkillPlace, check: RunCheck, options: SkillChecks): Promise<void> {
  const { shelf, events } = options;
  const reason = check.when === 'before' ? 'StartFailed' : 'AssertionFailed';
  const shown = `check "${check.name}" of the skill ${skill.name}`;
  // The agent must not be able to write its own report.
  const changed = await shelf?.changedFile(skill.request);
  if (changed !== undefined) {
    throw new RunFailure(reason, `${shown}: the file ${changed} of the skill was changed`);
  }
  const { problem, said } = await outcomeOf(skill, check, options);
  options.signal.throwIfAborted();
  if (problem !== undefined) {
    const words = said.length === 0 ? '' : `: ${said.join(' | ')}`;
    throw new RunFailure(reason, `${shown} does not hold: ${problem}${words}`);
  }
  events.emit('log', { stream: 'agent', text: `The ${shown} holds.` });
}

interface CheckOutcome {
  /** Undefined when the check holds. */
  problem: string | undefined;
  /** The last lines that it wrote. */
  said: readonly string[];
}

async function outcomeOf(skill: RunSkillPlace, check: RunCheck, options: SkillChecks): Promise<CheckOutcome> {
  const { folder, home, environment, runId, signal, clock } = options;
  const [program = '', ...args] = check.command;
  const seconds = check.timeoutSeconds ?? DEFAULT_SECONDS;
  const time = new AbortController();
  const cancel = clock.after(seconds * 1000, () => time.abort(new Error('too long')));
  const said: string[] = [];
  const onLine = (line: string): void => {
    if (line.trim() !== '') said.push(line.slice(0, 200));
    if (said.length > QUOTED_LINES) said.shift();
  };
  try {
    const exit = await runAgentProcess({
      command: program.startsWith('./') ? path.join(skill.folder, program) : program,
      args,
      cwd: folder,
      env: {
        ...environment,
        HOME: home,
        TROUPE_SKILL_FOLDER: skill.folder,
        TROUPE_SKILL_PARAMETERS: JSON.stringify(skill.request.parameters ?? {}),
      },
      input: '',
      mark: `${runId}-${skill.name}-${check.name}`,
      signal: AbortSignal.any([signal, time.signal]),
      clock,
      onLine,
      onErrorLine: onLine,
    });
    return { problem: problemOf(exit, time.signal.aborted ? seconds : undefined), said };
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    return { problem: `it cannot be started (${error.message})`, said };
  } finally {
    cancel();
  }
}

function problemOf(
  { code, signal }: { code: number | null; signal: NodeJS.Signals | null },
  overdue: number | undefined,
): string | undefined {
  if (overdue !== undefined) return `it took longer than ${overdue} s`;
  if (signal !== null) return `it was ended by ${signal}`;
  // Of setpriv, where it finds no program.
  if (code === 127) return 'there is no such program';
  return code === 0 ? undefined : `it ended with code ${code}`;
}
