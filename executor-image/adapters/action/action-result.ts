/** The end of an action: its words, and the value that later steps use. */
export interface ActionResult {
  value: string;
  output?: unknown;
  warnings?: string[];
}
