import type { RunResult } from '#executor-manager/protocol/run';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { EventSink } from '../../events/event-sink.ts';
import { describeError } from '../../run-failure.ts';
import type { Clock } from '../../clock.ts';
import type { PreparedRepository } from '../repository.ts';
import { readChanges } from './changes.ts';
import type { Changes, ChangesOptions } from './changes.ts';
import type { FilePatch } from './patch.ts';

/** For a large repository on a slow disk; a diff is not worth more. */
const CHANGES_TIMEOUT_MS = 30_000;
/** Names of files that are not shown. */
const MOST_NAMES = 200;

export interface ReportOptions extends Omit<
  ChangesOptions,
  'folder' | 'baseCommit' | 'signal' | 'mostBytes'
> {
  repository: PreparedRepository;
  events: Pick<EventSink, 'emit'>;
  clock: Clock;
}

/** Tells by events what a run changed, also one that failed: its work is kept. Never rejects. */
export async function reportChanges(options: ReportOptions): Promise<RunResult['workspace'] | undefined> {
  const { repository, events, clock, ...rest } = options;
  const time = new AbortController();
  const cancel = clock.after(CHANGES_TIMEOUT_MS, () => time.abort(new Error('it took longer than 30 s')));
  try {
    const mostBytes = RUN_LIMITS.patchBytes;
    const changes = await readChanges({ ...rest, ...repository, signal: time.signal, mostBytes });
    for (const event of diffEvents(changes)) events.emit('diff', event);
    for (const name of changes.repositories) {
      const text = `${name} is a repository of its own; its files are shown as new ones, its commits are not.`;
      events.emit('log', { stream: 'agent', text });
    }
    return changes.workspace;
  } catch (error) {
    events.emit('log', { stream: 'agent', text: `The changes cannot be shown: ${describeError(error)}` });
    return undefined;
  } finally {
    cancel();
  }
}

/**
 * The data of the diff events: the texts, one after the other, are a patch that `git apply` takes. An event has whole
 * files, as far as they fit into one. The first has the figures, and names what is left out.
 */
export function diffEvents(changes: Changes): Record<string, unknown>[] {
  const { workspace, uncommittedFiles } = changes;
  if (workspace.filesChanged === 0 && workspace.commits === 0) return [];
  const { texts, tooMany } = gather(changes.patches, RUN_LIMITS.patchBytes);
  const leftOut = [...tooMany, ...changes.leftOut];
  const [first = '', ...others] = texts;
  const of = (part: number) => (others.length === 0 ? {} : { part, parts: texts.length });
  const figures = { ...workspace, uncommittedFiles, ...(leftOut.length === 0 ? {} : told(leftOut)) };
  return [
    { ...figures, diff: first, ...of(1) },
    ...others.map((diff, index) => Object.assign({ diff }, of(index + 2))),
  ];
}

function told(leftOut: readonly string[]): Record<string, unknown> {
  return { truncated: true, leftOut: { files: leftOut.length, names: leftOut.slice(0, MOST_NAMES) } };
}

/** At least one text. Files are taken in their order; one that is too large for what is left is passed over. */
function gather(patches: readonly FilePatch[], mostBytes: number): { texts: string[]; tooMany: string[] } {
  const texts: string[] = [''];
  const tooMany: string[] = [];
  let all = 0;
  let last = 0;
  for (const { text, name, whole } of patches) {
    const bytes = Buffer.byteLength(text);
    if (!whole || all + bytes > mostBytes) {
      tooMany.push(name);
      continue;
    }
    all += bytes;
    for (const piece of pieces(text)) {
      const size = Buffer.byteLength(piece);
      if (last > 0 && last + size > RUN_LIMITS.diffBytes) {
        texts.push('');
        last = 0;
      }
      texts.push((texts.pop() ?? '') + piece);
      last += size;
    }
  }
  return { texts, tooMany };
}

/** A text that is too long for one event, in pieces of whole lines; a line that is too long, in pieces of itself. */
function pieces(text: string): string[] {
  if (Buffer.byteLength(text) <= RUN_LIMITS.diffBytes) return [text];
  // A UTF-16 unit is at most three bytes of UTF-8.
  const longest = Math.floor(RUN_LIMITS.diffBytes / 3);
  const found: string[] = [];
  for (let start = 0; start < text.length;) {
    const lineEnd = text.lastIndexOf('\n', start + longest - 1);
    let end = lineEnd >= start ? lineEnd + 1 : start + longest;
    if (start + longest >= text.length) end = text.length;
    else if (isLowSurrogate(text, end)) end -= 1;
    found.push(text.slice(start, end));
    start = end;
  }
  return found;
}

function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
