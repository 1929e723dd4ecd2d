/** What the header and the trailer of a backup say. */
export interface BackupFacts {
  header: { revision: number; time: string; troupe: string };
  rows: { objects?: number; task_logs?: number; task_events?: number };
}

/** What is in a backup, for people. */
export function backupText({ header, rows }: BackupFacts): string {
  const { objects = 0, task_logs: logs = 0, task_events: events = 0 } = rows;
  return (
    `${objects} objects and ${logs} logs of Tasks with ${events} events, at revision ${header.revision}, ` +
    `${header.time}, by troupe ${header.troupe}`
  );
}
