/** An event as one line: what a watcher was told, or what the log says. */
export interface Told {
  revision: number;
  text: string;
}

/** One line for everything that a watcher was told other than once, in order, and as the log of the database says. */
export function findWatchFaults(told: readonly Told[], log: readonly Told[]): string[] {
  const found: string[] = [];
  const texts = new Map<number, string>();
  told.forEach(({ revision, text }, i) => {
    const before = told[i - 1]?.revision ?? 0;
    if (texts.has(revision)) found.push(`${revision} came again after ${before}`);
    else if (revision <= before) found.push(`${revision} came after ${before}`);
    texts.set(revision, text);
  });
  for (const { revision, text } of log) {
    const seen = texts.get(revision);
    texts.delete(revision);
    if (seen === undefined) found.push(`${revision} was lost: ${text}`);
    else if (seen !== text) found.push(`${revision} came as ${seen} and is ${text}`);
  }
  for (const [revision, text] of texts) found.push(`${revision} came and never was: ${text}`);
  return found;
}
