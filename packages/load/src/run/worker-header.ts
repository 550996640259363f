/** Headers by which servers say which of their workers answers. */
const WORKER_HEADERS = ["x-worker-id", "x-worker", "x-instance", "x-served-by"] as const;
const MAX_NAME = 64;

/**
 * The worker that answered a handshake; `null` when it did not say.
 * @param name header to look at; `null` for those that are common
 */
export function workerOf(headers: ReadonlyMap<string, string>, name: string | null = null): string | null {
  for (const header of name === null ? WORKER_HEADERS : [name.toLowerCase()]) {
    const worker = headers.get(header);
    if (worker !== undefined && worker !== "") return worker.slice(0, MAX_NAME);
  }
  return null;
}
