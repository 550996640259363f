import { WsightError } from "@wsight/protocol";
import type { ChildCalls, FromChild } from "../child-link.ts";

/** What a process does. */
interface ChildWork<Calls> {
  readonly answers: {
    readonly [Call in keyof Calls]: Calls[Call] extends {
      readonly argument: infer Argument;
      readonly answer: infer Answer;
    }
      ? (argument: Argument) => Promise<Answer>
      : never;
  };
  /** Finishes what was accepted; safe to call twice. */
  close(): Promise<void>;
}

/** The least that happens in such a process. */
interface Trouble {
  readonly type: "trouble";
  readonly reason: string;
}

/**
 * The body of a process that keeps something: answers the calls of its link.
 * It lives as long as its channel: Ctrl-C and a service manager's signal reach
 * it together with its parent, which still has a last second to write.
 * @param what the first word of messages
 */
export async function answerCalls<Calls extends ChildCalls<Calls>, Happening>(
  what: string,
  begin: (report: (event: Happening) => void) => Promise<ChildWork<Calls>>,
): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  // Files hold names and addresses of people: for nobody else to read.
  process.umask(0o077);

  type Message = FromChild<Calls[keyof Calls]["answer"], Happening | Trouble>;
  const post = (message: Message): void => {
    process.send?.(message, undefined, undefined, () => undefined);
  };
  process.on("uncaughtException", (error) => {
    const trouble: Message = { type: "event", event: { type: "trouble", reason: error.message } };
    // It is started anew: whatever state it is in now, nobody knows.
    if (process.send === undefined) process.exit(1);
    process.send(trouble, undefined, undefined, () => process.exit(1));
  });

  const work = await begin((event) => post({ type: "event", event }));
  async function run<Call extends keyof Calls>(message: {
    readonly id: number;
    readonly call: Call;
    readonly argument: Calls[Call]["argument"];
  }): Promise<void> {
    const { id, call, argument } = message;
    try {
      post({ type: "answer", id, answer: await work.answers[call](argument) });
    } catch (error) {
      const { code, message, details } =
        error instanceof WsightError ? error : new WsightError("STORE_UNAVAILABLE", `${what}: ${String(error)}`);
      post({ type: "refused", id, code, message, details });
    }
  }
  process.on("message", (message: Parameters<typeof run>[0]) => void run(message));
  process.on("disconnect", () => {
    void work.close().finally(() => process.exit());
  });
}
