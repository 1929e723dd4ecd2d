import { it } from 'vitest';
import { execFileSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { parseJsonText, jsonText } from '#api/machinery/json';
import { decodeProtobuf } from '#api/server/protobuf-body';
const isNothing = (value: unknown): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
function stated(value: any): any {
  if (Array.isArray(value)) return value.map((item) => stated(item) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]): [string, unknown] => [key, stated(child)]).filter(([, child]) => !isNothing(child));
  return Object.fromEntries(entries);
}
it('x', () => {
  const out = execFileSync('/tmp/limits/judge', ['-count', '150', '-seed', process.env['SEED'] ?? '1'], { maxBuffer: 1e9 }).toString();
  const diffs = new Map<string, [number, string]>();
  const note = (k: string, v: string) => { const [n, e] = diffs.get(k) ?? [0, v]; diffs.set(k, [n + 1, e]); };
  for (const line of out.trim().split('\n')) {
    const { kind, protobuf, object } = parseJsonText(line) as any;
    let got: any;
    try { got = stated(decodeProtobuf(Buffer.from(protobuf, 'base64'))); } catch (e) { note(kind + ' ' + String(e), line.slice(0, 100)); continue; }
    walk(got, stated(object), kind.split('=')[1], note);
  }
  function walk(a: any, b: any, path: string, note: any): void {
    if (isDeepStrictEqual(a, b)) return;
    if (a && b && typeof a === 'object' && typeof b === 'object' && Array.isArray(a) === Array.isArray(b)) {
      for (const k of new Set([...Object.keys(a), ...Object.keys(b)])) walk(a[k], b[k], Array.isArray(a) ? path + '[]' : path + '.' + k, note);
      return;
    }
    note(path.replace(/(properties|patternProperties|definitions)\.[^.]*/g,'$1.*').replace(/(openAPIV3Schema).*\.([^.]*)$/, '$1…$2'), `${jsonText(a ?? null)?.slice(0, 80)} != ${jsonText(b ?? null)?.slice(0, 80)}`);
  }
  console.log([...diffs].map(([k, [n, e]]) => `${n} ${k}: ${e}`).join('\n'));
});
