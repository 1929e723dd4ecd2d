/** At most `bytes` bytes of UTF-8 from the start of `text`, never half a character. */
export function cutText(text: string, bytes: number): string {
  // A UTF-16 unit is at most three bytes of UTF-8, so short texts need no counting.
  if (text.length * 3 <= bytes) return text;
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end);
}

/** The same for the end of a text: the last lines are what tells why a program failed. */
export function lastBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let start = encoded.length - bytes;
  while (start < encoded.length && ((encoded[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return encoded.toString('utf8', start);
}

/** A JSON value of at most about `bytes` bytes: its long texts are cut; when there are too many, it becomes its own text. */
export function cutValue(value: unknown, bytes: number): unknown {
  const whole = JSON.stringify(value) ?? '';
  if (Buffer.byteLength(whole) <= bytes) return value;
  const shortened = shorten(value, Math.floor(bytes / 8));
  return Buffer.byteLength(JSON.stringify(shortened)) <= bytes
    ? shortened
    : { json: cutText(whole, bytes / 2) };
}

function shorten(value: unknown, bytes: number): unknown {
  if (typeof value === 'string') return cutText(value, bytes);
  if (Array.isArray(value)) return value.map((item) => shorten(item, bytes));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shorten(item, bytes)]));
  }
  return value;
}
