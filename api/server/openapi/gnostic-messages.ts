/**
 * The messages of OpenAPI v2 in protobuf, as far as Kubernetes documents have them: field names of the JSON with
 * their numbers (google/gnostic-models openapiv2/OpenAPIv2.proto).
 */

/** What becomes of a JSON value. */
export type FieldType =
  /** A number with a fraction. */
  | 'double'
  | 'integer'
  | 'boolean'
  | 'text'
  | 'texts'
  /** Any JSON, kept as YAML. */
  | 'any'
  | 'anys'
  | { message: string }
  | { messages: string };

export interface MessageType {
  fields?: Readonly<Record<string, readonly [number: number, type: FieldType]>>;
  /** Number of the field that holds what begins with `x-`. */
  extensions?: number;
  /**
   * The value itself is the content of the message, under this number; several say which one by the value
   * (a oneof, or a message made for a list).
   */
  wraps?: (value: unknown) => readonly [number: number, type: FieldType];
  /** Every entry is a name and a value under this number. */
  entries?: readonly [number: number, string];
}

const isIn = (value: unknown, place: string): boolean => (value as { in?: unknown }).in === place;

const SCHEMA_FIELDS = {
  $ref: [1, 'text'],
  format: [2, 'text'],
  title: [3, 'text'],
  description: [4, 'text'],
  default: [5, 'any'],
  multipleOf: [6, 'double'],
  maximum: [7, 'double'],
  exclusiveMaximum: [8, 'boolean'],
  minimum: [9, 'double'],
  exclusiveMinimum: [10, 'boolean'],
  maxLength: [11, 'integer'],
  minLength: [12, 'integer'],
  pattern: [13, 'text'],
  maxItems: [14, 'integer'],
  minItems: [15, 'integer'],
  uniqueItems: [16, 'boolean'],
  maxProperties: [17, 'integer'],
  minProperties: [18, 'integer'],
  required: [19, 'texts'],
  enum: [20, 'anys'],
  additionalProperties: [21, { message: 'AdditionalPropertiesItem' }],
  type: [22, { message: 'TypeItem' }],
  items: [23, { message: 'ItemsItem' }],
  properties: [25, { message: 'Properties' }],
} as const;

const QUERY_FIELDS = {
  required: [1, 'boolean'],
  in: [2, 'text'],
  description: [3, 'text'],
  name: [4, 'text'],
  type: [6, 'text'],
  maximum: [11, 'double'],
  minimum: [13, 'double'],
  maxLength: [15, 'integer'],
  minLength: [16, 'integer'],
  enum: [21, 'anys'],
} as const;

const PATH_FIELDS = {
  required: [1, 'boolean'],
  in: [2, 'text'],
  description: [3, 'text'],
  name: [4, 'text'],
  type: [5, 'text'],
} as const;

export const MESSAGES: Readonly<Record<string, MessageType>> = {
  Info: { fields: { title: [1, 'text'], version: [2, 'text'] } },
  Frame: {
    fields: {
      swagger: [1, 'text'],
      info: [2, { message: 'Info' }],
      parameters: [10, { message: 'ParameterDefinitions' }],
      security: [12, { messages: 'SecurityRequirement' }],
      securityDefinitions: [13, { message: 'SecurityDefinitions' }],
    },
  },
  SecurityRequirement: { entries: [1, 'StringArray'] },
  StringArray: { wraps: () => [1, 'texts'] },
  SecurityDefinitions: { entries: [1, 'SecurityDefinitionsItem'] },
  SecurityDefinitionsItem: { wraps: () => [2, { message: 'ApiKeySecurity' }] },
  ApiKeySecurity: {
    fields: { type: [1, 'text'], name: [2, 'text'], in: [3, 'text'], description: [4, 'text'] },
  },
  Paths: { entries: [2, 'PathItem'] },
  PathItem: {
    fields: {
      get: [2, { message: 'Operation' }],
      put: [3, { message: 'Operation' }],
      post: [4, { message: 'Operation' }],
      delete: [5, { message: 'Operation' }],
      patch: [8, { message: 'Operation' }],
      parameters: [9, { messages: 'ParametersItem' }],
    },
  },
  Operation: {
    fields: {
      tags: [1, 'texts'],
      description: [3, 'text'],
      operationId: [5, 'text'],
      produces: [6, 'texts'],
      consumes: [7, 'texts'],
      parameters: [8, { messages: 'ParametersItem' }],
      responses: [9, { message: 'Responses' }],
      schemes: [10, 'texts'],
    },
    extensions: 13,
  },
  ParameterDefinitions: { entries: [1, 'Parameter'] },
  ParametersItem: {
    wraps: (value) =>
      Object.hasOwn(value as object, '$ref')
        ? [2, { message: 'JsonReference' }]
        : [1, { message: 'Parameter' }],
  },
  JsonReference: { fields: { $ref: [1, 'text'] } },
  Parameter: {
    fields: {},
    wraps: (value) =>
      isIn(value, 'body') ? [1, { message: 'BodyParameter' }] : [2, { message: 'NonBodyParameter' }],
  },
  BodyParameter: {
    fields: {
      name: [2, 'text'],
      in: [3, 'text'],
      required: [4, 'boolean'],
      schema: [5, { message: 'Schema' }],
    },
  },
  NonBodyParameter: {
    fields: {},
    wraps: (value) =>
      isIn(value, 'path') ? [4, { message: 'PathParameter' }] : [3, { message: 'QueryParameter' }],
  },
  QueryParameter: { fields: QUERY_FIELDS },
  PathParameter: { fields: PATH_FIELDS },
  Responses: { entries: [1, 'ResponseValue'] },
  ResponseValue: { wraps: () => [1, { message: 'Response' }] },
  Response: { fields: { description: [1, 'text'], schema: [2, { message: 'SchemaItem' }] } },
  SchemaItem: { wraps: () => [1, { message: 'Schema' }] },
  Definitions: { entries: [1, 'Schema'] },
  Properties: { entries: [1, 'Schema'] },
  Schema: { fields: SCHEMA_FIELDS, extensions: 31 },
  AdditionalPropertiesItem: {
    fields: {},
    wraps: (value) => (typeof value === 'boolean' ? [2, 'boolean'] : [1, { message: 'Schema' }]),
  },
  TypeItem: { wraps: () => [1, 'text'] },
  ItemsItem: { wraps: () => [1, { message: 'Schema' }] },
};
