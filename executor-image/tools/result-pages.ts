import { randomBytes } from 'node:crypto';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/sdk/types.js';
import { cutText } from '../text/cut.ts';

/** Of the text of one result that goes to the agent: about what programs for agents take without cutting it themselves. */
export const RESULT_BYTES = 48 * 1024;
/** Of one picture, sound or file in base64: what model services take. */
const MEDIA_BYTES = 5 * 1024 * 1024;
/** Of all the rests that are kept; the oldest go first. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Cuts results that no model can read at once, and keeps the rest for those who ask for it. */
export class ResultPages {
  readonly #kept = new Map<string, Buffer>();
  readonly #readMore: string;
  #bytes = 0;

  /** `readMore` is how the agent calls the tool that gives the rest. */
  constructor(readMore: string) {
    this.#readMore = readMore;
  }

  /** The result as the agent gets it. `strict`: the tool has promised a structured result, which cannot be cut. */
  cut(result: CallToolResult, { strict }: { strict: boolean }): CallToolResult {
    const { content, ...rest } = result;
    const texts = content.map((block) => textOf(block));
    const size = texts.reduce((sum, text) => sum + (text === undefined ? 0 : Buffer.byteLength(text)), 0);
    const shown = content.map((block) => withoutLargeMedia(block));
    const structured = rest.structuredContent === undefined ? '' : JSON.stringify(rest.structuredContent);
    const structuredSize = Buffer.byteLength(structured);
    if (size <= RESULT_BYTES && structuredSize <= RESULT_BYTES) return { ...rest, content: shown };
    // Usually the structured result says the same as the text.
    const { structuredContent: _, ...others } = rest;
    const whole = size > 0 ? texts.filter((text) => text !== undefined).join('\n') : structured;
    const media = shown.filter((_, index) => texts[index] === undefined);
    return {
      ...others,
      // A client would refuse a result that lacks what its tool has promised, but not an error.
      ...(strict && rest.structuredContent !== undefined ? { isError: true } : {}),
      content: [{ type: 'text', text: this.#firstPage(whole) }, ...media],
    };
  }

  /** A further page, or undefined for a cursor that is not known, or no longer. */
  page(cursor: string): string | undefined {
    const [, id = '', start = ''] = /^([0-9a-f]{12}):([0-9]{1,10})$/.exec(cursor) ?? [];
    const whole = this.#kept.get(id);
    return whole === undefined ? undefined : this.#pageAt(id, whole, Number(start));
  }

  #firstPage(text: string): string {
    const whole = Buffer.from(text);
    if (whole.length <= RESULT_BYTES) return text;
    const id = randomBytes(6).toString('hex');
    this.#keep(id, whole);
    return this.#pageAt(id, whole, 0);
  }

  #keep(id: string, whole: Buffer): void {
    this.#kept.set(id, whole);
    this.#bytes += whole.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= KEPT_BYTES || oldest === id) break;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
  }

  #pageAt(id: string, whole: Buffer, start: number): string {
    const text = cutText(whole.toString('utf8', start, start + RESULT_BYTES + 4), RESULT_BYTES);
    const end = start + Buffer.byteLength(text);
    if (end >= whole.length) return text;
    const cursor = `${id}:${end}`;
    return `${text}\n[Cut here: ${end} of ${whole.length} bytes. Call ${this.#readMore} with {"cursor": "${cursor}"} to read on.]`;
  }
}

function textOf(block: ContentBlock): string | undefined {
  if (block.type === 'text') return block.text;
  if (block.type === 'resource' && 'text' in block.resource) return block.resource.text;
  return undefined;
}

function withoutLargeMedia(block: ContentBlock): ContentBlock {
  const data =
    block.type === 'image' || block.type === 'audio'
      ? block
      : block.type === 'resource' && 'blob' in block.resource
        ? { data: block.resource.blob, mimeType: block.resource.mimeType }
        : undefined;
  if (data === undefined || data.data.length <= MEDIA_BYTES) return block;
  const kind = data.mimeType ?? 'a file';
  return { type: 'text', text: `[${kind} of ${data.data.length} bytes in base64 is left out: too large]` };
}
