/** What a probe told of one client of a database or cache. */
export interface ClientWatch {
  readonly sum: (metric: string, where?: Readonly<Record<string, string>>) => number;
  readonly histogram: (
    metric: string,
    where?: Readonly<Record<string, string>>,
  ) => { readonly count: number; readonly sum: number };
  readonly component: () => {
    readonly state: string;
    readonly error: string | null;
    readonly latencySeconds: number | null;
  };
  /** Everything that left the process so far, as text. */
  readonly told: () => string;
  readonly detach: () => void;
  readonly end: () => void;
}
