import { Command } from 'commander';
import { connect } from '#api/client/connect';
import { systemClock } from '#api/machinery/clock';
import { register as answer } from '#cli/commands/tasks/answer';
import { register as approve } from '#cli/commands/approvals/approve';
import { register as apply } from '#cli/commands/objects/apply';
import { register as cancel } from '#cli/commands/tasks/cancel';
import { register as remove } from '#cli/commands/objects/delete';
import { register as deletedTasks } from '#cli/commands/tasks/deleted-tasks';
import { register as describeCommand } from '#cli/commands/objects/describe';
import { register as diff } from '#cli/commands/objects/diff';
import { register as encryption } from '#cli/commands/server/encryption';
import { register as get } from '#cli/commands/objects/get';
import { register as identity } from '#cli/commands/server/identity';
import { register as inbox } from '#cli/commands/approvals/inbox';
import { register as message } from '#cli/commands/tasks/message';
import { register as logs } from '#cli/commands/tasks/logs';
import { register as reject } from '#cli/commands/approvals/reject';
import { register as rollout } from '#cli/commands/objects/rollout';
import { register as run } from '#cli/commands/tasks/run';
import { register as skill } from '#cli/commands/objects/skill';
import { register as upgrade } from '#cli/commands/server/upgrade';
import { register as wait } from '#cli/commands/objects/wait';
import { visible } from '#cli/context';
import type { CliContext } from '#cli/context';

/** One `troupe` command under way, with what a terminal would show. */
export interface Running {
  readonly stdout: string;
  readonly stderr: string;
  /** Presses Ctrl-C. */
  interrupt(): void;
  /** Resolves as soon as `text` was printed, on whichever stream. */
  shows(text: string): Promise<void>;
  /** Resolves with the exit code. */
  readonly exit: Promise<number>;
}

/** Starts a command of the real program against the server that `kubeconfig` names. */
export function troupe(kubeconfig: string, words: string[], stdin = ''): Running {
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  const interrupts = new Set<() => void>();
  let code = 0;
  const sink = (stream: 'stdout' | 'stderr') => ({
    write(text: string) {
      output[stream] += text;
      for (const watcher of watchers) watcher();
    },
  });
  const context: CliContext = {
    connect: (options) => connect({ ...options, kubeconfig }),
    stdout: visible(sink('stdout')),
    stderr: visible(sink('stderr')),
    data: sink('stdout'),
    writeBytes: () => Promise.reject(new Error('no command of these tests writes bytes')),
    stdin: once(stdin),
    clock: systemClock,
    setExitCode(value) {
      code = value;
    },
    onInterrupt(fn) {
      interrupts.add(fn);
      return () => interrupts.delete(fn);
    },
  };
  const program = new Command('troupe').exitOverride().configureOutput({
    writeErr: (text) => context.stderr.write(text),
    writeOut: (text) => context.stdout.write(text),
  });
  const commands = [
    answer,
    approve,
    inbox,
    message,
    reject,
    cancel,
    apply,
    get,
    describeCommand,
    diff,
    deletedTasks,
    remove,
    logs,
    wait,
    run,
    rollout,
    encryption,
    identity,
    skill,
    upgrade,
  ];
  for (const register of commands) register(program, context);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return {
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    interrupt() {
      for (const fn of interrupts) fn();
    },
    shows(text) {
      const shown = (): boolean => (output.stdout + output.stderr).includes(text);
      return new Promise((resolve) => {
        const check = (): void => {
          if (!shown()) return;
          watchers.delete(check);
          resolve();
        };
        watchers.add(check);
        check();
      });
    },
    exit: program.parseAsync(words, { from: 'user' }).then(() => code),
  };
}

async function* once(text: string): AsyncGenerator<string> {
  await Promise.resolve();
  yield text;
}

/** Runs a command to its end. */
export async function done(kubeconfig: string, words: string[], stdin?: string) {
  const running = troupe(kubeconfig, words, stdin);
  const code = await running.exit;
  return { code, stdout: running.stdout, stderr: running.stderr };
}
