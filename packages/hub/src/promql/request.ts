/** What can be asked in Prometheus' way. Times are ms epoch. */
export type PrometheusRequest =
  | { readonly type: "query"; readonly query: string; readonly at: number; readonly timeoutMs: number | null }
  | RangeRequest
  | { readonly type: "series"; readonly match: readonly string[]; readonly time: NameTime }
  | { readonly type: "labels"; readonly match: readonly string[]; readonly time: NameTime }
  | {
      readonly type: "label-values";
      readonly label: string;
      readonly match: readonly string[];
      readonly time: NameTime;
    };

/** A query at evenly spaced moments. */
export interface RangeRequest {
  readonly type: "query_range";
  readonly query: string;
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: number;
  /** Less than the usual time, ms; `null` for that. */
  readonly timeoutMs: number | null;
}

/** Which time names are looked for in, and how many are enough; `null` for all. */
export interface NameTime {
  readonly fromAt: number | null;
  readonly toAt: number | null;
  readonly limit: number | null;
}

/** An answer as it goes over the wire. */
export interface PrometheusReply {
  /** HTTP status. */
  readonly status: number;
  /** JSON. */
  readonly body: string;
}
