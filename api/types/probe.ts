import { createHash } from 'node:crypto';
import { formatTime } from '../machinery/clock.ts';
import { controllerReference } from '../machinery/meta.ts';
import type { KubeObject } from '../machinery/meta.ts';
import type { Sandbox, SandboxSpec, SandboxStatus } from './generated/sandbox.ts';
import { isFinalPhase, SandboxReason } from './sandboxes/sandbox.ts';

/**
 * How a controller has something of its objects checked in a sandbox: it owns one Sandbox with `spec.probe` at a time,
 * notes in the status of its object what was checked when, and has it checked again when it changes or time has passed.
 * Everything here is pure.
 */

/** The check: what the Sandbox has of its own. */
export type ProbeSpec = Pick<SandboxSpec, 'shell' | 'timeoutSeconds'> & Required<Pick<SandboxSpec, 'probe'>>;

/** The last check, in the status of the object that it is about. */
export interface ProbeRecord {
  /** Of what was checked: another check has another one. */
  key: string;
  /** RFC 3339. */
  checkedAt: string;
  /** When it is checked again, unless it changes before; RFC 3339. Absent: only when it changes, or somebody asks. */
  nextCheckAt?: string;
  /** Checks in a row, with this one, that found nothing good; absent for none. */
  failures?: number;
  /** The request that it answered; see CHECK_REQUESTED_AT. */
  requested?: string;
}

/** Annotation of whoever wants a check at once: each new value asks once, as the restartedAt of kubectl does. */
export const CHECK_REQUESTED_AT = 'agent.wecode.io/check-requested-at';

export type ProbeFinding =
  /** Not known yet; `reason` and `message` say what it waits for. */
  | { state: 'pending'; reason: string; message: string }
  | { state: 'answered'; result: NonNullable<SandboxStatus['probeResult']> }
  /** It cannot even be tried as it is described, as with an image that is not there. */
  | { state: 'refused'; reason: string; message: string }
  /** Nothing is known, for a reason that has nothing to do with what is checked. */
  | { state: 'lost'; message: string };

const NOT_YET: ProbeFinding = { state: 'pending', reason: 'Waiting', message: 'It was not checked yet.' };

export interface ProbePlan {
  /** To be created; another controller may have made the same. */
  create?: Sandbox;
  /** To be deleted: over, or no longer wanted. */
  remove: Sandbox[];
  /** Absent when what was found last still holds, also while it is checked once more. */
  finding?: ProbeFinding;
  /**
   * To be kept in the status, in place of the one before, and written before anything is deleted. Absent when nothing is
   * known of what is to be checked: a note of something else would hide, once that is wanted again, that the condition
   * has been written since for the other.
   */
  record?: ProbeRecord;
  /** Milliseconds until time alone changes the plan. */
  recheckAfter?: number;
}

export interface ProbeInput {
  owner: KubeObject;
  /** Absent: there is nothing to check. */
  spec: ProbeSpec | undefined;
  record: ProbeRecord | undefined;
  /** All Sandboxes that the owner controls. */
  sandboxes: readonly Sandbox[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Whether a good finding holds for as long as nothing changes. */
  isFixed?: boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/**
 * A good finding is checked again now and then. The cause of a bad one may go by itself, as with a server that starts, or
 * be mended at any time: the first checks after it come soon, each after twice the time of the one before, up to this.
 */
const AGAIN_AFTER = { fine: 60 * MINUTE, wrong: 5 * MINUTE, unknown: MINUTE };
const FIRST_AGAIN_AFTER = 2 * SECOND;

export function planProbe({ owner, spec, record, sandboxes, now, isFixed = false }: ProbeInput): ProbePlan {
  if (spec === undefined) return { remove: [...sandboxes] };
  const key = keyOf(spec);
  const last = record?.key === key ? record : undefined;
  const requested = owner.metadata.annotations?.[CHECK_REQUESTED_AT];
  const name = probeName(owner, [key, last?.checkedAt ?? '', requested ?? '']);
  const current = sandboxes.find(({ metadata }) => metadata.name === name);
  const remove = sandboxes.filter((sandbox) => sandbox !== current);
  const until = (pending: ProbeFinding): Pick<ProbePlan, 'finding' | 'record'> =>
    last === undefined ? { finding: pending } : { record: last };
  if (current === undefined) {
    const wait = waitFor(last, requested, now);
    if (wait === undefined) return { remove, ...until(NOT_YET) };
    if (wait > 0) return { remove, recheckAfter: wait, ...until(NOT_YET) };
    return { remove, create: probeSandbox(owner, { name, spec }), ...until(NOT_YET) };
  }
  const finding = findingOf(current);
  if (finding.state === 'pending') return { remove, ...until(finding) };
  const noted = { key, checkedAt: noteTime(now, last), ...(requested === undefined ? {} : { requested }) };
  if (isFixed && isFine(finding)) return { remove, finding, record: noted };
  const failures = isFine(finding) ? 0 : (last?.failures ?? 0) + 1;
  const after = againAfter(finding, failures);
  const next = { ...(failures === 0 ? {} : { failures }), nextCheckAt: formatTime(now + after) };
  return { remove, finding, record: { ...noted, ...next }, recheckAfter: after };
}

/** In whole seconds, and never that of the check before: the name of the next Sandbox is made from it. */
function noteTime(now: number, last: ProbeRecord | undefined): string {
  const before = last === undefined ? 0 : Date.parse(last.checkedAt);
  return formatTime(Math.max(now, before + SECOND));
}

/** Milliseconds until the next check; undefined where only a change asks for one. */
function waitFor(
  last: ProbeRecord | undefined,
  requested: string | undefined,
  now: number,
): number | undefined {
  if (last === undefined || (requested !== undefined && requested !== last.requested)) return 0;
  return last.nextCheckAt === undefined ? undefined : Date.parse(last.nextCheckAt) - now;
}

/** The finding of a check, as far as it is known. */
export function findingOf({ status }: Sandbox): ProbeFinding {
  const { phase, reason = 'Waiting', message = 'It is going to be checked.', probeResult } = status ?? {};
  if (!isFinalPhase(phase)) return { state: 'pending', reason, message };
  if (phase === 'Succeeded' && probeResult !== undefined) return { state: 'answered', result: probeResult };
  return reason === SandboxReason.ErrImagePull
    ? { state: 'refused', reason, message }
    : { state: 'lost', message };
}

/** In milliseconds. */
function againAfter(finding: ProbeFinding, failures: number): number {
  if (failures === 0) return AGAIN_AFTER.fine;
  const most = finding.state === 'lost' ? AGAIN_AFTER.unknown : AGAIN_AFTER.wrong;
  return Math.min(FIRST_AGAIN_AFTER * 2 ** (failures - 1), most);
}

const isFine = (finding: ProbeFinding): boolean => finding.state === 'answered' && finding.result.ok;

function keyOf(spec: ProbeSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);
}

/** The same for all who look at the same state, so that two controllers cannot make two. */
function probeName({ kind, metadata }: KubeObject, which: readonly string[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([metadata.uid, ...which]))
    .digest('hex')
    .slice(0, 16);
  return `${kind.toLowerCase()}-probe-${hash}`;
}

function probeSandbox(owner: KubeObject, { name, spec }: { name: string; spec: ProbeSpec }): Sandbox {
  const { namespace } = owner.metadata;
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [controllerReference(owner)],
    },
    spec,
  };
}
