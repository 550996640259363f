import type { ErrorCode } from "./errors.ts";
import type { LoadPlan, LoadProgress, LoadReply, LoadResult, LoadTarget } from "./load.ts";
import type { EchoResult, PoolTestResult, ServerTestResult, ServerTestStep } from "./target-tests.ts";

/** Where a monitored server's own figures are read. */
export interface WsightAccess {
  /** Address of the hub, such as `http://127.0.0.1:4700`, or of the application that it is mounted on. */
  readonly url: string;
  /** Token of a viewer. */
  readonly token: string | null;
}

/** What orders of every test have. */
interface TargetOrder {
  readonly target: LoadTarget;
  /** Repeats the host of a target that is not this machine; `null` refuses those. */
  readonly ownHost: string | null;
}

/** What a test process is told to do: plain data. */
export type TestOrder =
  | {
      readonly test: "load";
      readonly plan: LoadPlan;
      readonly ownHost: string | null;
      readonly wsight: WsightAccess | null;
    }
  | (TargetOrder & {
      readonly test: "echo";
      /** Messages. @default 20 */
      readonly count?: number;
      /** Characters of padding in each. @default 64 */
      readonly size?: number;
      /** Event of Socket.IO. @default "message" */
      readonly event?: string;
      /** Template of a message. @default a JSON object */
      readonly message?: string;
      /** @default "auto" */
      readonly reply?: LoadReply;
    })
  | (TargetOrder & {
      readonly test: "server";
      /** Event of Socket.IO that is tried. @default "message" */
      readonly event?: string;
      /** Message that is tried. @default a JSON object */
      readonly message?: string;
    })
  | (TargetOrder & {
      readonly test: "pool";
      /** @default 40 */
      readonly connections?: number;
      /** Header of the handshake's answer that names the worker. @default the usual ones */
      readonly workerHeader?: string | null;
      /** Field of the first JSON message that names the worker, `a.b` for one within another. @default none */
      readonly workerField?: string | null;
    })
  | {
      /** No test: writes what a load test came to as a file. */
      readonly test: "report";
      readonly format: "html" | "junit" | "hgrm";
      readonly result: LoadResult;
    };

/** What a test process tells: progress, and last a result or why there is none. */
export type TestReport =
  | { readonly type: "progress"; readonly test: "load"; readonly progress: LoadProgress }
  | { readonly type: "progress"; readonly test: "echo"; readonly number: number; readonly ms: number | null }
  | { readonly type: "progress"; readonly test: "server"; readonly step: ServerTestStep }
  | { readonly type: "result"; readonly test: "load"; readonly result: LoadResult }
  | { readonly type: "result"; readonly test: "echo"; readonly result: EchoResult }
  | { readonly type: "result"; readonly test: "server"; readonly result: ServerTestResult }
  | { readonly type: "result"; readonly test: "pool"; readonly result: PoolTestResult }
  | {
      readonly type: "result";
      readonly test: "report";
      readonly text: string;
      /** Content security policy that lets a browser show it; `null` for what it does not show. */
      readonly policy: string | null;
    }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string };

/** What crosses the channel to a test process. */
export type TestCall = { readonly type: "run"; readonly order: TestOrder } | { readonly type: "stop" };
