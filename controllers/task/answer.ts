/** Bytes of an answer that the status of a Task repeats. Its Sandbox has all that a status can hold. */
export const STATUS_ANSWER_BYTES = 64 * 1024;

/** Bytes of all answers of a status together. Its result repeats them, and a request has 3 MiB. */
const ALL_ANSWERS_BYTES = 640 * 1024;
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

/** The text, or as much of it as fits into so many bytes with words that say that it is cut. */
export function cutAnswer(answer: string, bytes: number): string {
  const encoded = Buffer.from(answer);
  if (encoded.length <= bytes) return answer;
  const end = `\n\n[The answer has ${encoded.length} bytes and is cut here; the log of the Task has all of it.]`;
  const room = Math.max(0, bytes - Buffer.byteLength(end));
  // Half a character at the cut becomes a replacement character.
  return `${encoded.toString('utf8', 0, room).replace(/\ufffd$/, '')}${end}`;
}
