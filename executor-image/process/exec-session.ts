import { readFileSync } from 'node:fs';
import { EXEC_ID_VARIABLE } from '#executor-manager/protocol/exec';
import { hasVariable, processIDs, signalProcess } from './processes.ts';

/** A process, as the kernel tells of it (proc(5), /proc/PID/stat). */
export interface ProcessEntry {
  pid: number;
  /** 0: its parent is outside of the container. */
  parent: number;
  session: number;
  /** Its environment has the mark of the program that is looked for. */
  marked: boolean;
}

/**
 * Hangs up a program that a user runs, and what it has started in its session, as the kernel does when a terminal is
 * closed (setpgid(2), tty_ioctl(4) TIOCNOTTY): what went to a session of its own, or ignores SIGHUP, goes on.
 */
export function hangUp(execID: string): void {
  for (const pid of sessionOf(processEntries(execID))) {
    signalProcess(pid, 'SIGHUP');
    // One that was stopped, as by Ctrl-Z, hears of it.
    signalProcess(pid, 'SIGCONT');
  }
}

/**
 * The processes in the session of the marked program that came from outside. None when that one has ended: what it has left
 * in the background is to stay.
 */
export function sessionOf(processes: readonly ProcessEntry[]): number[] {
  const program = processes.find(({ marked, parent }) => marked && parent === 0);
  if (program === undefined) return [];
  return processes.filter(({ session }) => session === program.session).map(({ pid }) => pid);
}

function processEntries(execID: string): ProcessEntry[] {
  return processIDs().flatMap((pid) => {
    const place = placeOf(pid);
    return place === undefined ? [] : [{ pid, ...place, marked: hasVariable(pid, EXEC_ID_VARIABLE, execID) }];
  });
}

/** State, parent, process group and session follow the name, which is in brackets and may have any character. */
const STAT = /^.*\) \S (\d+) \d+ (\d+) /s;

/** Undefined for a process that is gone. */
function placeOf(pid: number): { parent: number; session: number } | undefined {
  try {
    const [, parent, session] = STAT.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    return { parent: Number(parent), session: Number(session) };
  } catch {
    return undefined;
  }
}
