/** The name in `NAME`, `executor/NAME` or `executors.agent.wecode.io/NAME`. */
export const executorNameOf = (text: string): string =>
  text.replace(/^executors?(\.agent\.wecode\.io)?\//, '');
