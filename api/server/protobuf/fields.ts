/** How the messages of Protocol Buffers are described in generated/: fields by their numbers, as JSON has them. */

/** Name in JSON; a scalar type such as `int32`, or the name of a message such as `core.v1.Secret`; a rule. */
export type Field = readonly [name: string, type: string, rule?: FieldRule];

/** `omitZero`: Go writes a zero or an empty text that JSON leaves out. */
export type FieldRule = 'list' | 'map' | 'omitZero';

export type MessageFields = Readonly<Record<number, Field>>;
