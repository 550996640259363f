import { WsightError } from "@wsight/protocol";

/** Where a failure in the background happened. */
export type HubStage =
  | "authenticate"
  | "http"
  | "live"
  | "tick"
  | "store"
  | "audit"
  | "tests"
  | "otlp"
  | "alerts"
  | "jobs"
  | "close";

/** Told about failures that no caller waits for. Must not throw. */
export type OnHubError = (error: unknown, context: { readonly stage: HubStage }) => void;

/** The listener could not be opened; says how to choose another address. */
export function listenFailed(host: string, port: number, cause: unknown): WsightError {
  const where = `${host}:${port}`;
  const options = { cause, details: { host, port } };
  switch (systemCode(cause)) {
    case "EADDRINUSE":
      return new WsightError(
        "LISTEN_FAILED",
        `Port ${port} on ${host} is in use. Choose another with the option port, --port or WSIGHT_PORT (0 takes a free one)`,
        options,
      );
    case "EACCES":
      return new WsightError(
        "LISTEN_FAILED",
        `Not allowed to listen on ${where}. Choose a port from 1024 up with the option port, --port or WSIGHT_PORT`,
        options,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new WsightError(
        "LISTEN_FAILED",
        `${host} is not an address of this machine. Choose another with the option host, --host or WSIGHT_HOST`,
        options,
      );
    default:
      return new WsightError("LISTEN_FAILED", `Could not listen on ${where}: ${String(cause)}`, options);
  }
}

/** The hub would be reachable by others while nobody decided who may read it. */
export function openToOthers(host: string): WsightError {
  return new WsightError(
    "BAD_OPTION",
    `host: ${host} can be reached from other machines, so access must be configured first. ` +
      "Set a secret of at least 32 characters (option secret, --secret or WSIGHT_SECRET), or pass authenticate, " +
      "or listen on 127.0.0.1",
    { details: { host } },
  );
}

/** The application's own port lets others in while nobody decided who may read the dashboard. */
export function openByMount(): WsightError {
  return new WsightError(
    "FORBIDDEN",
    "This dashboard can only be opened on the machine it runs on until access is configured: set a secret of at " +
      "least 32 characters (option secret or WSIGHT_SECRET), or pass authenticate. A reverse proxy counts as others",
  );
}

/** Refuses a request that came too soon. */
export function rateLimited(retryAfterMs: number): WsightError {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new WsightError("RATE_LIMITED", `Too many requests; try again in ${retryAfterSeconds} s`, {
    details: { retryAfterSeconds },
  });
}

/** Seconds a refused client should wait, when the error knows. */
export function retryAfterSeconds(error: WsightError): number | undefined {
  const { details } = error;
  if (typeof details !== "object" || details === null || !("retryAfterSeconds" in details)) return undefined;
  return typeof details.retryAfterSeconds === "number" ? details.retryAfterSeconds : undefined;
}

/** The `code` of an error of the operating system, e.g. `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
