import type { LoadPlan } from "@wsight/protocol";

/** What a driver has to know of a plan. */
export type DriverPlan = Pick<LoadPlan, "target" | "message" | "fastMask">;

/** One connection under load, whatever it speaks. */
export interface LoadConnection {
  /** True while messages can be sent. */
  readonly ready: boolean;
  /** Bytes that wait for the kernel. */
  readonly waiting: number;
  /**
   * Sends message `number`, meant for `atMs` of the machine's clock. What
   * answers it is told as `answered(number)`. Returns its size on the wire in
   * bytes, 0 when it could not be sent.
   */
  send(number: number, atMs: number): number;
  /** Messages before `number` are waited for no more: what comes next does not answer them. */
  forget(number: number): void;
  /** Ends in good order; `closed` is told. */
  close(): void;
  /** Ends at once; nothing more is told. */
  abort(): void;
}

/** What a connection tells; after `closed` nothing more. */
export interface LoadConnectionEvents {
  /** Messages can be sent. `headers` are of the server's answer to the handshake, names in lower case. */
  ready(headers: ReadonlyMap<string, string>): void;
  /** The answer to message `number`. */
  answered(number: number): void;
  /** Any message came; `bytes` are only good during the call. */
  received(bytes: Buffer): void;
  closed(reason: string): void;
}

/** Opens connections of one protocol to one target. */
export interface LoadDriver {
  /** @param id what `{{id}}` becomes */
  connect(id: number, events: LoadConnectionEvents, localAddress: string | undefined): LoadConnection;
}
