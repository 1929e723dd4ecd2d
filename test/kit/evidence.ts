/** Something that runs beside a test, with the text that it shows when the test fails. */
interface Witness {
  readonly name: string;
  readonly text: () => string;
  /** It has ended: it is heard for the test in which it did, and not again. */
  ended: boolean;
}

/** Only the end of what each says is kept. */
const KEPT_LINES = 60;
const witnesses = new Set<Witness>();

/** Hears `text` when a test of this file fails, from now until the end of the test in which it is disposed of. */
export function evidence(name: string, text: () => string): Disposable {
  const witness: Witness = { name, text, ended: false };
  witnesses.add(witness);
  return {
    [Symbol.dispose]() {
      witness.ended = true;
    },
  };
}

/** All that is to be said now, under headings; empty when nothing ran. */
export function allEvidence(): string {
  return [...witnesses]
    .map(({ name, text }) => ({ name, lines: text().trimEnd().split('\n') }))
    .filter(({ lines }) => lines.some((line) => line !== ''))
    .map(({ name, lines }) => [`--- ${name}`, ...lines.slice(-KEPT_LINES)].join('\n'))
    .join('\n');
}

/** Forgets those that have ended: the next test begins. */
export function forgetEnded(): void {
  for (const witness of witnesses) if (witness.ended) witnesses.delete(witness);
}
