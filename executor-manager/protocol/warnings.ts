import { RUN_LIMITS } from './run.ts';

/**
 * The warnings of a run as its status can hold them: the first ones, a long one cut, and at the end how many there are
 * beside them. A list that fits comes back as it is. Whatever warns, and however often, all of them share one bound.
 */
export function boundedWarnings(warnings: readonly string[]): string[] {
  const kept: string[] = [];
  let room = RUN_LIMITS.warningBytes;
  for (const warning of warnings.slice(0, RUN_LIMITS.warnings)) {
    const shown = cut(warning, RUN_LIMITS.oneWarningBytes);
    room -= Buffer.byteLength(shown);
    if (room < 0) break;
    kept.push(shown);
  }
  const more = warnings.length - kept.length;
  return more === 0 ? kept : [...kept, `And ${more} more ${more === 1 ? 'warning' : 'warnings'}.`];
}

const CUT = ' ...';

function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  // Half a character at the cut becomes a replacement character.
  return `${encoded.toString('utf8', 0, bytes - CUT.length).replace(/\ufffd$/, '')}${CUT}`;
}
