import type {
  CustomToolCallItem,
  FunctionCallItem,
  MessageItem,
  OutputItem,
  OutputText,
  ReasoningItem,
  ResponseEvent,
} from './response.ts';

/** The content of an item. */
export type ItemKind =
  | { type: 'thinking' }
  | { type: 'text' }
  | { type: 'toolCall'; id: string; name: string; namespace?: string; isFreeText?: true };

export interface ItemOptions {
  kind: ItemKind;
  /** The item's place in the output. */
  index: number;
  /** Id of the answer, from which the item has its own. */
  answer: string;
}

/** Writes one item of the output, from its first event to its last. */
export interface ItemWriter {
  readonly type: ItemKind['type'];
  begin(): ResponseEvent[];
  append(piece: string): ResponseEvent[];
  /** `signature` is that of a thinking. */
  end(signature?: string): { item: OutputItem; events: ResponseEvent[] };
}

export function createItemWriter({ kind, index, answer }: ItemOptions): ItemWriter {
  const at = (prefix: string) => ({ item_id: `${prefix}_${answer}_${index}`, output_index: index });
  switch (kind.type) {
    case 'thinking':
      return thinkingWriter(at('rs'));
    case 'text':
      return textWriter(at('msg'));
    case 'toolCall':
      return kind.isFreeText === true ? freeTextCallWriter(at('ctc'), kind) : callWriter(at('fc'), kind);
  }
}

interface Place {
  item_id: string;
  output_index: number;
}

function added({ output_index }: Place, item: OutputItem): ResponseEvent {
  return { type: 'response.output_item.added', output_index, item };
}

function done({ output_index }: Place, item: OutputItem): ResponseEvent {
  return { type: 'response.output_item.done', output_index, item };
}

function thinkingWriter(place: Place): ItemWriter {
  const part = { ...place, summary_index: 0 };
  const summary = (text: string) => ({ type: 'summary_text', text }) as const;
  const item: ReasoningItem = { type: 'reasoning', id: place.item_id, summary: [] };
  let text = '';
  return {
    type: 'thinking',
    begin: () => [
      added(place, item),
      { type: 'response.reasoning_summary_part.added', ...part, part: summary('') },
    ],
    append(delta) {
      text += delta;
      return [{ type: 'response.reasoning_summary_text.delta', ...part, delta }];
    },
    end(signature) {
      const proof = signature === undefined ? {} : { encrypted_content: signature };
      const whole: ReasoningItem = { ...item, summary: [summary(text)], ...proof };
      const events: ResponseEvent[] = [
        { type: 'response.reasoning_summary_text.done', ...part, text },
        { type: 'response.reasoning_summary_part.done', ...part, part: summary(text) },
        done(place, whole),
      ];
      return { item: whole, events };
    },
  };
}

function textWriter(place: Place): ItemWriter {
  const part = { ...place, content_index: 0 };
  const output = (text: string): OutputText => ({ type: 'output_text', text, annotations: [] });
  const message: MessageItem = {
    type: 'message',
    id: place.item_id,
    status: 'in_progress',
    role: 'assistant',
    content: [],
  };
  let text = '';
  return {
    type: 'text',
    begin: () => [added(place, message), { type: 'response.content_part.added', ...part, part: output('') }],
    append(delta) {
      text += delta;
      return [{ type: 'response.output_text.delta', ...part, delta }];
    },
    end() {
      const item: MessageItem = { ...message, status: 'completed', content: [output(text)] };
      const events: ResponseEvent[] = [
        { type: 'response.output_text.done', ...part, text },
        { type: 'response.content_part.done', ...part, part: output(text) },
        done(place, item),
      ];
      return { item, events };
    },
  };
}

type Call = Extract<ItemKind, { type: 'toolCall' }>;

function callWriter(place: Place, { id, name, namespace }: Call): ItemWriter {
  const call: FunctionCallItem = {
    type: 'function_call',
    id: place.item_id,
    status: 'in_progress',
    call_id: id,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    arguments: '',
  };
  let json = '';
  return {
    type: 'toolCall',
    begin: () => [added(place, call)],
    append(delta) {
      json += delta;
      return [{ type: 'response.function_call_arguments.delta', ...place, delta }];
    },
    end() {
      const item: FunctionCallItem = { ...call, status: 'completed', arguments: json };
      const end = { type: 'response.function_call_arguments.done', ...place, arguments: json } as const;
      return { item, events: [end, done(place, item)] };
    },
  };
}

function freeTextCallWriter(place: Place, { id, name }: Call): ItemWriter {
  const call: CustomToolCallItem = {
    type: 'custom_tool_call',
    id: place.item_id,
    status: 'in_progress',
    call_id: id,
    name,
    input: '',
  };
  let input = '';
  return {
    type: 'toolCall',
    begin: () => [added(place, call)],
    append(delta) {
      input += delta;
      return [{ type: 'response.custom_tool_call_input.delta', ...place, delta }];
    },
    end() {
      const item: CustomToolCallItem = { ...call, status: 'completed', input };
      const end = { type: 'response.custom_tool_call_input.done', ...place, input } as const;
      return { item, events: [end, done(place, item)] };
    },
  };
}
