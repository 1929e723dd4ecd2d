/** Where Troupe means to answer otherwise than kube-apiserver, with the reason. */
export interface Difference {
  scenario: string;
  command: string;
  why: string;
}

export const differences: readonly Difference[] = [
  {
    scenario: 'core-kinds',
    command: `patch secret hidden -p {"data":{"user":"not base64!"}}`,
    why: 'kube-apiserver quotes the patch with what is in the Secret; here no message does',
  },
];
