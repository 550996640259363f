/** What a chart shows, as rows; taken once, so that it does not move while it is read. */
export interface DataTable {
  readonly title: string;
  readonly columns: readonly string[];
  /** Newest first. */
  readonly rows: readonly (readonly string[])[];
}
