/** Bytes, as JSON, of an answer that the status of a Task repeats. Its Sandbox has all that a status can hold. */
export const STATUS_ANSWER_BYTES = 64 * 1024;

/** Bytes, as JSON, of all answers of a status together. Its result repeats them, and a request has 3 MiB. */
const ALL_ANSWERS_BYTES = 640 * 1024;
/**
 * Bytes, as JSON, of all outputs of a status together. Programs decide by them, so that none is cut: a step that is too much
 * fails.
 */
export const ALL_OUTPUTS_BYTES = 512 * 1024;
/** However many there are, people see how each begins. */
const LEAST_ANSWER_BYTES = 256;
/** Steps that are not known yet get something, too. */
const LEAST_SHARES = 8;

/**
 * Bytes of the next answer in the status of a Task: a share of what is left, so that a Task of a thousand steps fits.
 * @param taken bytes of the answers that are there
 * @param open how many steps have not ended
 */
export function answerRoom(taken: number, open: number): number {
  const share = Math.floor((ALL_ANSWERS_BYTES - taken) / Math.max(LEAST_SHARES, open));
  return Math.min(STATUS_ANSWER_BYTES, Math.max(LEAST_ANSWER_BYTES, share));
}

/** Bytes, as JSON, of all warnings of a status together, the words about those that are left out aside. */
export const ALL_WARNINGS_BYTES = 128 * 1024;

/** The first warnings, as many as fit into so many bytes of JSON, and how many there are beside them. */
export function firstWarnings(warnings: readonly string[], bytes: number): string[] {
  const kept: string[] = [];
  let room = bytes;
  for (const warning of warnings) {
    room -= jsonBytes(warning);
    if (room < 0) break;
    kept.push(warning);
  }
  const more = warnings.length - kept.length;
  if (more === 0) return kept;
  return [...kept, `And ${more} more ${more === 1 ? 'warning' : 'warnings'}, in the Sandbox of the run.`];
}

/** Length of a value in a status. */
export const jsonBytes = (value: unknown): number =>
  value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));

/** The text, or as much of it as fits into so many bytes of JSON, where an escape may have six bytes, with words that say so. */
export function cutAnswerToJson(answer: string, bytes: number): string {
  const all = jsonBytes(answer);
  if (all <= bytes) return answer;
  const end = cutHere(Buffer.byteLength(answer));
  let room = bytes - jsonBytes(end);
  let length = 0;
  for (const character of answer) {
    // Without the quotes.
    room -= jsonBytes(character) - 2;
    if (room < 0) break;
    length += character.length;
  }
  return `${answer.slice(0, length)}${end}`;
}

/** The text, or as much of it as fits into so many bytes with words that say that it is cut. */
export function cutAnswer(answer: string, bytes: number): string {
  const encoded = Buffer.from(answer);
  if (encoded.length <= bytes) return answer;
  const end = cutHere(encoded.length);
  const room = Math.max(0, bytes - Buffer.byteLength(end));
  // Half a character at the cut becomes a replacement character.
  return `${encoded.toString('utf8', 0, room).replace(/\ufffd$/, '')}${end}`;
}

const cutHere = (bytes: number): string =>
  `\n\n[The answer has ${bytes} bytes and is cut here; the log of the Task has all of it.]`;
