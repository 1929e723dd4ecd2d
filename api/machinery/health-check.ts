import { describeError } from './logger.ts';
import type { Logger } from './logger.ts';

/** One thing that has to be right for a process to be alive, or ready. */
export interface HealthCheck {
  /** A path segment, such as `leader-election`. */
  name: string;
  /** Rejects, with a reason for operators, when it is not right. */
  run(): Promise<void>;
  /** Shown, but its failure is not that of the whole. */
  isOptional?: boolean;
}

/** The checks of one process. */
export interface ProcessHealth {
  /** Fail when only a new process can help. */
  live: readonly HealthCheck[];
  /** Fail when the process is of no use now. */
  ready: readonly HealthCheck[];
}

export interface HealthOutcome {
  ok: boolean;
  /** One per check, without reasons: they may name hosts and files. */
  lines: string[];
}

export async function runHealthChecks(
  checks: readonly HealthCheck[],
  outages: HealthOutages,
): Promise<HealthOutcome> {
  let ok = true;
  const lines: string[] = [];
  for (const { name, run, isOptional } of checks) {
    try {
      await run();
      outages.note(name);
      lines.push(`[+]${name} ok`);
    } catch (error) {
      outages.note(name, error);
      if (isOptional !== true || checks.length === 1) ok = false;
      lines.push(`[-]${name} failed: reason withheld`);
    }
  }
  return { ok, lines };
}

/** The text of kube-apiserver's: `ok`, or a line per check for `?verbose` and for a failure. */
export function healthText({ ok, lines }: HealthOutcome, endpoint: string, verbose: boolean): string {
  if (ok && !verbose) return 'ok';
  return `${[...lines, `${endpoint} check ${ok ? 'passed' : 'failed'}`].join('\n')}\n`;
}

/** Tells the log of each failure once, until the check is right again: it may be asked every second. */
export class HealthOutages {
  readonly #logger: Logger;
  readonly #said = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  note(check: string, error?: unknown): void {
    if (error === undefined) {
      if (this.#said.delete(check)) this.#logger.info('health check passes again', { check });
    } else if (!this.#said.has(check)) {
      this.#said.add(check);
      this.#logger.warn('health check failed', { check, error: describeError(error) });
    }
  }
}
