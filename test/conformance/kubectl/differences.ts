/** Where Troupe means to answer otherwise than kube-apiserver, with the reason. */
export interface Difference {
  scenario: string;
  command: string;
  why: string;
}

const OWN_WORDS = 'the fields of metadata and of core kinds are described in our own words';
const NEVER_500 =
  'kube-apiserver answers 500 here; whatever a client sends, Troupe says 400 with the same text';

export const differences: readonly Difference[] = [
  {
    scenario: 'core-kinds',
    command: `patch secret hidden -p {"data":{"user":"not base64!"}}`,
    why: 'kube-apiserver quotes the patch with what is in the Secret; here no message does',
  },
  {
    scenario: 'core-kinds',
    command: `patch cm settings -p {"data":{"x":5}}`,
    why: 'kube-apiserver fails to read the result into a Go type; Troupe names the field and the type it expects',
  },
  ...['create --validate=false -o yaml --as=ann -f -', 'auth can-i --list --as=ann'].map((command) => ({
    scenario: 'access-reviews',
    command,
    why: 'everybody has more paths here: health by HEAD, logins, the own account',
  })),
  {
    scenario: 'namespaces',
    command: 'wait ns/inner --for=delete --timeout=30s',
    why: 'kubectl says that the condition is met only of a Namespace that is still there when it looks first',
  },
  {
    scenario: 'writing',
    command: `patch writer plain --type=json -p {"op":"add"}`,
    why: 'the text names a Go type',
  },
  ...['readers', 'readers --recursive', 'readers.metadata.ownerReferences.uid', 'secrets.data'].map(
    (what) => ({
      scenario: 'reading',
      command: `explain ${what}`,
      why: OWN_WORDS,
    }),
  ),
  { scenario: 'reading', command: 'explain configmaps --recursive', why: OWN_WORDS },
  ...[
    'apply --server-side -f $DIR/wrong.json',
    'apply --server-side --validate=false -f $DIR/wrong.json',
    'apply --server-side --validate=false -f $DIR/twice.json',
    'apply --server-side --validate=false -f $DIR/type.json',
  ].map((command) => ({ scenario: 'server-side-apply', command, why: NEVER_500 })),
];
