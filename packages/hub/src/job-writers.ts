import { parseJson, WsightError } from "@wsight/protocol";
import type { WebSocket } from "ws";
import type { Credential } from "./access/authenticate.ts";
import { type QueueScope, queueScope } from "./access/queue-scope.ts";
import { parseJobBatch, takeJobBatch } from "./job-batch.ts";
import type { Jobs } from "./jobs/jobs.ts";

/** Largest message, bytes. */
export const MAX_JOB_MESSAGE = 1_048_576;
/** What one program may say within a second. */
const PER_SECOND = { messages: 500, bytes: 8 * MAX_JOB_MESSAGE } as const;
/** Batches of one program that wait to be kept; one that sends on regardless is sent away. */
const MAX_WAITING = 256;
/** Messages within a minute that can't be used, after which it is sent away. */
const MAX_BAD_MESSAGES = 20;
/** Bytes of answers that may wait for a program; one that does not read them is cut off. */
const MAX_BUFFERED = 256 * 1024;
/** A program that says nothing for so long is asked for a sign of life, and cut off when there is none for as long again. */
const PING_SECONDS = 15;

const GOING_AWAY = 1001;
const POLICY = 1008;

/** Programs that tell of jobs over a WebSocket, batch by batch. */
export interface JobWriters {
  /** Takes over a socket whose credential may write, of the queues that it names. */
  accept(socket: WebSocket, credential: Credential): void;
  /** A second has passed: looks who is still there. */
  onSecond(): void;
  /** Says goodbye to all; safe to call twice. */
  close(): void;
}

type Takers = Pick<Jobs, "take" | "beat" | "lost">;

/** Makes the way in. @param now ms epoch */
export function createJobWriters(jobs: Takers, now: () => number): JobWriters {
  const open = new Set<Writer>();
  return {
    accept(socket, { principal }) {
      const writer = new Writer(socket, queueScope(principal.queues), { jobs, now });
      open.add(writer);
      socket.once("close", () => open.delete(writer));
    },
    onSecond() {
      for (const writer of open) writer.onSecond();
    },
    close() {
      for (const writer of open) writer.leave();
    },
  };
}

/**
 * One program. It sends `{ id, events, beats }` and is answered `{ id, taken, ignored, refused, kept }` once that is
 * kept, with `faults` that name what is of queues that its token does not name, or `{ id, error }`; answers come in any
 * order. `id` is any text or number of its own, and may be left out.
 */
class Writer {
  readonly #socket: WebSocket;
  readonly #scope: QueueScope;
  readonly #jobs: Takers;
  readonly #now: () => number;
  #seconds = 0;
  #silentSeconds = 0;
  #messages = 0;
  #bytes = 0;
  #bad = 0;
  #waiting = 0;

  constructor(
    socket: WebSocket,
    scope: QueueScope,
    { jobs, now }: { readonly jobs: Takers; readonly now: () => number },
  ) {
    this.#socket = socket;
    this.#scope = scope;
    this.#jobs = jobs;
    this.#now = now;
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#heard(data, isBinary));
    socket.on("ping", (data: Buffer) => void this.#count(data.length));
    socket.on("pong", (data: Buffer) => void this.#count(data.length));
  }

  onSecond(): void {
    this.#messages = 0;
    this.#bytes = 0;
    if (++this.#seconds % 60 === 0) this.#bad = 0;
    this.#silentSeconds++;
    if (this.#silentSeconds >= 2 * PING_SECONDS) this.#socket.terminate();
    else if (this.#silentSeconds === PING_SECONDS && this.#isOpen()) this.#socket.ping();
  }

  leave(): void {
    this.#socket.close(GOING_AWAY, "The hub ends");
  }

  #heard(data: Buffer, isBinary: boolean): void {
    if (!this.#count(data.length)) return;
    let id: unknown;
    try {
      const message = parseJson("BAD_REQUEST", "message", isBinary ? "" : data.toString("utf8"));
      id = idOf(message);
      const batch = parseJobBatch(message, this.#now());
      if (this.#waiting >= MAX_WAITING)
        throw new WsightError("RATE_LIMITED", `Expected at most ${MAX_WAITING} batches without an answer`);
      this.#waiting++;
      void takeJobBatch(this.#jobs, batch, this.#scope).then((answer) => {
        this.#waiting--;
        this.#say({ id, ...answer });
      });
    } catch (error) {
      this.#refuse(id, error instanceof WsightError ? error : new WsightError("INTERNAL"));
    }
  }

  #refuse(id: unknown, error: WsightError): void {
    this.#say({ id, ...error.toBody() });
    if (error.code === "RATE_LIMITED") return;
    if (++this.#bad >= MAX_BAD_MESSAGES) this.#socket.close(POLICY, `${MAX_BAD_MESSAGES} messages could not be used`);
  }

  /** Any word is a sign of life; false when there were too many. */
  #count(bytes: number): boolean {
    if (!this.#isOpen()) return false;
    this.#silentSeconds = 0;
    this.#messages++;
    this.#bytes += bytes;
    if (this.#messages <= PER_SECOND.messages && this.#bytes <= PER_SECOND.bytes) return true;
    this.#socket.close(
      POLICY,
      `expected at most ${PER_SECOND.messages} messages and ${PER_SECOND.bytes} bytes a second`,
    );
    return false;
  }

  #say(answer: object): void {
    if (!this.#isOpen()) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED) this.#socket.terminate();
    else this.#socket.send(JSON.stringify(answer));
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}

/** What a program calls its batch; said back as it came. */
function idOf(message: unknown): string | number | undefined {
  if (typeof message !== "object" || message === null || !("id" in message)) return undefined;
  const { id } = message;
  if (typeof id === "number" || (typeof id === "string" && id.length <= 128)) return id;
  throw new WsightError("BAD_REQUEST", "id: expected a number or at most 128 characters");
}
