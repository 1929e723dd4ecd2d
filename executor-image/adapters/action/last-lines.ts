import { RUN_LIMITS } from '#executor-manager/protocol/run';
import { lastBytes } from '../../text/cut.ts';

/** The end of what a program says; the log has all of it. */
export interface LastLines {
  add(line: string): void;
  /** Without the newline at the end. */
  text(): string;
  /** Whether the text is all that was said. */
  isWhole(): boolean;
}

/** Keeps at most `most` bytes; by default what one event of text may have. */
export function createLastLines(most: number = RUN_LIMITS.textBytes): LastLines {
  let kept = '';
  let wasCut = false;
  const text = (): string => lastBytes(kept.slice(0, -1), most);
  return {
    add(line) {
      kept += `${line}\n`;
      // Not with each line: that would copy all of them each time.
      if (kept.length <= 2 * most) return;
      kept = lastBytes(kept, most);
      wasCut = true;
    },
    text,
    isWhole: () => !wasCut && Buffer.byteLength(kept) - 1 <= most,
  };
}
