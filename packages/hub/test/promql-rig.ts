import { ANALYSES, type Analyses, type HistoryReader } from "@wsight/hub";

type Request = Analyses["prometheus"]["argument"];

/** What came back, parsed. */
export interface PromqlAnswer {
  readonly status: number;
  readonly body: {
    readonly status: string;
    readonly errorType?: string;
    readonly error?: string;
    readonly warnings?: readonly string[];
    readonly data?: unknown;
  };
}

/** One series of an answer. */
export interface PromqlSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
  readonly histogram?: readonly [number, { readonly count: string; readonly sum: string; readonly buckets: unknown[] }];
}

/** Asks a history in Prometheus' way. */
export async function askPromql(
  reader: HistoryReader,
  request: Request,
  signal: AbortSignal = new AbortController().signal,
): Promise<PromqlAnswer> {
  const { status, body } = await ANALYSES.prometheus(reader, request, signal);
  return { status, body: JSON.parse(body) as PromqlAnswer["body"] };
}

/** An instant query; `at` is ms epoch. */
export function askInstant(reader: HistoryReader, query: string, at: number): Promise<PromqlAnswer> {
  return askPromql(reader, { type: "query", query, at, timeoutMs: null });
}

/** Series of an instant query that must go well. */
export async function instant(reader: HistoryReader, query: string, at: number): Promise<readonly PromqlSeries[]> {
  const { status, body } = await askInstant(reader, query, at);
  if (status !== 200) throw new Error(`${query}: ${body.error}`);
  return (body.data as { result: readonly PromqlSeries[] }).result;
}

/** Series of a query over a time that must go well. */
export async function overTime(
  reader: HistoryReader,
  query: string,
  { fromAt, toAt, stepMs }: { readonly fromAt: number; readonly toAt: number; readonly stepMs: number },
): Promise<readonly PromqlSeries[]> {
  const request = { type: "query_range", query, fromAt, toAt, stepMs, timeoutMs: null } as const;
  const { status, body } = await askPromql(reader, request);
  if (status !== 200) throw new Error(`${query}: ${body.error}`);
  return (body.data as { result: readonly PromqlSeries[] }).result;
}
