/** Bytes of an answer that the status of a Task repeats. Its Sandbox has all that a status can hold. */
export const STATUS_ANSWER_BYTES = 64 * 1024;

/** The text, or as much of it as fits into so many bytes with words that say that it is cut. */
export function cutAnswer(answer: string, bytes: number): string {
  const encoded = Buffer.from(answer);
  if (encoded.length <= bytes) return answer;
  const end = `\n\n[The answer has ${encoded.length} bytes and is cut here; the log of the Task has all of it.]`;
  const room = Math.max(0, bytes - Buffer.byteLength(end));
  // Half a character at the cut becomes a replacement character.
  return `${encoded.toString('utf8', 0, room).replace(/\ufffd$/, '')}${end}`;
}
