import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunEvent } from '#executor-manager/protocol/run';
import { RunFailure } from '../run-failure.ts';

/** One offset is kept per so many events: memory stays small however long a run is. */
const INDEX_STEP = 64;
const READ_BYTES = 64 * 1024;
/** The newest events are in memory too: readers that keep up, which most are, read nothing from the disk. */
const RECENT_BYTES = 16 * 1024;

export interface EventSpoolOptions {
  file: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Bytes of all events, the last ones aside; absent: as many as the disk takes. */
  limitBytes?: number;
}

export type EventData = Record<string, unknown>;

/**
 * The events of one run, on disk, numbered from 1. Written by one run, read by any number of readers that
 * follow without polling. Memory holds the newest events only, so a run of any length costs the same.
 */
export interface EventSpool {
  readonly lastSeq: number;
  /**
   * Appends and returns the event's number. Throws the system's error, ENOSPC among them, when closed, and RunFailure
   * OutputLimit where the event does not fit under the limit; the events that say how a run ended always fit.
   */
  append(type: RunEvent['type'], data: EventData): number;
  /** Gives room that was set aside to the events that still follow; for the last ones, when disk or limit is full. */
  useReserve(): void;
  /** No event follows; readers end when they have read all. */
  close(): void;
  /** NDJSON of all events after `after`, as they come, in pieces of whole and partial lines. */
  read(after: number, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined>;
}

/** The state that writer and readers share. */
interface Spool {
  file: string;
  /** offsets[i] is where event i * INDEX_STEP + 1 begins. */
  offsets: number[];
  waiting: Set<() => void>;
  /** The newest lines, whole ones; they end at `size`. */
  recent: Buffer[];
  recentBytes: number;
  size: number;
  lastSeq: number;
  closed: boolean;
}

/** For what follows a run that has reached its limit: its diffs, and what it has used up. */
const LAST_BYTES = RUN_LIMITS.patchBytes + RUN_LIMITS.answerBytes;

/** An error and a result without the answer. Many runs may share a disk, so it is no more than that. */
const RESERVE_BYTES = 32 * 1024;

/** Throws the system's error when the files cannot be made. */
export function createEventSpool(options: EventSpoolOptions): EventSpool {
  const { file, now, limitBytes = Infinity } = options;
  const handle = openSync(file, 'wx', 0o600);
  const reserve = `${file}.reserve`;
  // Written and not only announced: a hole in a file takes no room.
  writeFileSync(reserve, Buffer.alloc(RESERVE_BYTES), { mode: 0o600 });
  let room = limitBytes;
  const useReserve = (): void => {
    room = limitBytes + LAST_BYTES;
    rmSync(reserve, { force: true });
  };
  const spool: Spool = {
    ...{ file, offsets: [], waiting: new Set(), size: 0, lastSeq: 0, closed: false },
    ...{ recent: [], recentBytes: 0 },
  };
  return {
    get lastSeq() {
      return spool.lastSeq;
    },
    append(type, data) {
      if (spool.closed) throw new Error('the run has ended');
      const event: RunEvent = { seq: spool.lastSeq + 1, time: microTime(now()), type, data };
      const line = Buffer.from(`${JSON.stringify(event)}\n`);
      if (spool.size + line.length > room && !END.has(type)) throw outputLimit(limitBytes);
      let done = 0;
      while (done < line.length) {
        // At a fixed offset: what a failed write left behind is overwritten by the next one.
        done += writeSync(handle, line, done, line.length - done, spool.size + done);
      }
      if (spool.lastSeq % INDEX_STEP === 0) spool.offsets.push(spool.size);
      spool.size += line.length;
      spool.lastSeq += 1;
      remember(spool, line);
      wake(spool);
      return spool.lastSeq;
    },
    useReserve,
    close() {
      if (spool.closed) return;
      spool.closed = true;
      useReserve();
      closeSync(handle);
      wake(spool);
    },
    read: (after, signal) => follow(spool, after, signal),
  };
}

/** One of each in a run, and nobody would know of the end without them. */
const END: ReadonlySet<RunEvent['type']> = new Set(['error', 'result']);

const MIB = 1024 * 1024;

function outputLimit(bytes: number): RunFailure {
  const limit = bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes} bytes`;
  return new RunFailure('OutputLimit', `the agent has written more than ${limit} into its log, its limit`);
}

function remember(spool: Spool, line: Buffer): void {
  spool.recent.push(line);
  spool.recentBytes += line.length;
  while (spool.recentBytes > RECENT_BYTES) spool.recentBytes -= spool.recent.shift()?.length ?? 0;
}

/** All that follows `offset`, which is where a line begins or in the middle of one; undefined when memory lacks it. */
function recentFrom({ recent, recentBytes, size }: Spool, offset: number): Buffer | undefined {
  const start = size - recentBytes;
  return offset < start ? undefined : Buffer.concat(recent).subarray(offset - start);
}

async function* follow(
  spool: Spool,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  let reader: FileHandle | undefined;
  const entry = Math.floor(Math.min(after, spool.lastSeq) / INDEX_STEP);
  let offset = spool.offsets[entry] ?? spool.size;
  // From the index entry on, what the reader has already is skipped by counting lines.
  let skip = after - entry * INDEX_STEP;
  try {
    while (!signal.aborted) {
      if (offset < spool.size) {
        let bytes = recentFrom(spool, offset);
        if (bytes === undefined) {
          reader ??= await open(spool.file, 'r');
          bytes = await readPiece(reader, offset, spool.size - offset);
        }
        offset += bytes.length;
        const rest = skipLines(bytes, skip);
        skip = rest.skip;
        if (rest.bytes.length > 0) yield rest.bytes;
      } else if (spool.closed) {
        return;
      } else {
        await nextChange(spool.waiting, signal);
      }
    }
  } finally {
    await reader?.close();
  }
}

async function readPiece(reader: FileHandle, offset: number, most: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, most));
  const { bytesRead } = await reader.read(buffer, 0, buffer.length, offset);
  return buffer.subarray(0, bytesRead);
}

function wake({ waiting }: Spool): void {
  const woken = [...waiting];
  waiting.clear();
  for (const go of woken) go();
}

function nextChange(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      waiting.delete(go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    waiting.add(go);
    signal.addEventListener('abort', go, { once: true });
  });
}

function skipLines(bytes: Buffer, lines: number): { bytes: Buffer; skip: number } {
  let start = 0;
  let skip = lines;
  while (skip > 0) {
    const newline = bytes.indexOf(0x0a, start);
    if (newline === -1) return { bytes: bytes.subarray(bytes.length), skip };
    start = newline + 1;
    skip -= 1;
  }
  return { bytes: bytes.subarray(start), skip };
}

function microTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}
