import type { LiveMessage } from "./message.ts";

/** What a viewer's socket tells. After `closed` nothing more is told. */
export interface ViewerSocketEvents {
  /** The viewer said something. */
  message(data: Buffer, isBinary: boolean): void;
  /** It gave a sign of life without saying anything. */
  alive(): void;
  closed(): void;
}

/**
 * How messages travel to one viewer. All transports keep one contract: what is
 * sent arrives whole and in order, `bufferedAmount` is exact, and nothing here
 * throws.
 */
export interface ViewerSocket {
  /** True until it was closed, from either side. */
  readonly open: boolean;
  /** Bytes that were sent and that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  /** Says who listens; call once, before anything is sent. */
  listen(events: ViewerSocketEvents): void;
  /** Sends a message while it is open; returns the bytes that it took. */
  send(message: LiveMessage): number;
  /** What is sent until {@link uncork} goes out together. */
  cork(): void;
  uncork(): void;
  /** Asks for a sign of life. */
  ping(): void;
  /** Ends it; the other side is told why, by a close code as in RFC 6455. */
  close(code: number, reason: string): void;
  /** Cuts it off. */
  terminate(): void;
}
