/** Kinds of failure as Prometheus names them, with the HTTP status that belongs to each. */
const STATUS = { bad_data: 400, execution: 422, canceled: 503, timeout: 503 } as const;

/** A query that can't be answered, in the words and kinds of the Prometheus API. */
export class PromqlError extends Error {
  override readonly name = "PromqlError";
  readonly errorType: keyof typeof STATUS;

  constructor(errorType: keyof typeof STATUS, message: string) {
    super(message);
    this.errorType = errorType;
  }

  /** HTTP status of the answer. */
  get status(): number {
    return STATUS[this.errorType];
  }
}

/** Something is wrong with the text of a query: says where, as `line:column`, both from 1. */
export function parseError(query: string, at: number, message: string): PromqlError {
  const before = query.slice(0, at).split("\n");
  const place = `${before.length}:${(before.at(-1) ?? "").length + 1}`;
  return new PromqlError("bad_data", `invalid parameter "query": ${place}: parse error: ${message}`);
}
