import type { ChannelHealth } from "@wsight/protocol";
import type { SqlPlace } from "../../../sql/place.ts";
import type { AlertDesk } from "../desk.ts";

/** What happened beside the answers to calls. */
export type DeskEvent =
  /** The newest figures; `revision` is that of the tables. */
  | { readonly type: "status"; readonly figures: DeskFigures; readonly revision: number }
  /** This hub changed rules, silences, channels or routes; comes before the answer to the call that did. */
  | { readonly type: "changed"; readonly revision: number }
  /** A damaged database was moved to `movedTo`, or one was deleted (`null`), and an empty one begun. */
  | { readonly type: "set-aside"; readonly movedTo: string | null; readonly reason: string }
  /** Something failed that no caller waits for. */
  | { readonly type: "trouble"; readonly reason: string };

/** How notices and channels fare. */
export interface DeskFigures {
  readonly queued: number;
  readonly dead: number;
  readonly channels: Readonly<Record<string, ChannelHealth>>;
}

/** How the process is set up. */
export interface DeskProcessOptions {
  readonly tables: SqlPlace;
  /** What secrets of channels are encrypted with: 32 bytes, base64url. */
  readonly key: string;
  readonly instance: string;
  readonly notifyHosts: readonly string[];
  readonly dataDir: string | null;
}

/** Calls of the desk that the process answers. */
type DeskMethods = Omit<AlertDesk, "status" | "revision" | "close">;

/** What the process can be asked: arguments and answer of each call. */
export type DeskCalls = {
  readonly [Method in keyof DeskMethods]: {
    readonly argument: Parameters<DeskMethods[Method]>;
    readonly answer: Awaited<ReturnType<DeskMethods[Method]>>;
  };
} & { readonly close: { readonly argument: null; readonly answer: null } };
export type DeskCall = keyof DeskCalls;
