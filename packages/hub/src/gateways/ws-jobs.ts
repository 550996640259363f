import type { AuthenticateAnswer } from "@wsight/protocol";
import type { WebSocket } from "ws";
import type { Credential } from "../access/authenticate.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { LiveMessage } from "../live/message.ts";
import { WebSocketViewer } from "../live/sockets/web-socket.ts";
import { type CrowdStats, JobCrowd } from "./jobs/job-crowd.ts";

/** Largest message that is taken of a client; nothing it could say is needed. */
export const MAX_JOB_CLIENT_MESSAGE = 1024;
/** Messages of a client that are overlooked; then it is sent away. */
const MAX_WORDS = 20;
/** A client with more bytes than this waiting gets the newest states when it has read, and nothing until then. */
const MAX_BUFFERED = 64 * 1024;
/** One that was not heard of for so many seconds is asked for a sign of life; after as many more it is cut off. */
const SILENT_SECONDS = 30;
/** Seconds between two tellings of how queues are. */
const STATUS_SECONDS = 5;

const CLOSE = { goingAway: 1001, policy: 1008 } as const;

/** Jobs of a user over a plain WebSocket, one JSON text `{ event, data }` after the other. */
export interface JobStream {
  /** Tells an open WebSocket of the jobs of its principal, beginning with how they stand. */
  accept(socket: WebSocket, credential: Credential): void;
  /** Call once a second. */
  onSecond(): void;
  stats(): CrowdStats;
  /** Says goodbye to all. */
  close(): void;
}

/** What the stream is made of. */
export interface JobStreamParts {
  readonly jobs: Jobs;
  /** ms epoch. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

interface Client {
  readonly socket: WebSocketViewer;
  words: number;
  /** Seconds since it was last heard of. */
  silent: number;
}

/** Makes the stream. */
export function createJobStream({ jobs, now, onError }: JobStreamParts): JobStream {
  const clients = new Set<Client>();
  const crowd = new JobCrowd<Client>({
    jobs,
    now,
    onError,
    outlet: {
      isFull: ({ socket }) => socket.bufferedAmount > MAX_BUFFERED,
      send(to, event, data) {
        const message = textOf(event, data);
        for (const { socket } of to) socket.send(message);
      },
      cutOff: ({ socket }) => socket.terminate(),
    },
  });
  let seconds = 0;
  let closed = false;

  function hear(client: Client): void {
    client.silent = 0;
    if (++client.words > MAX_WORDS) client.socket.close(CLOSE.policy, "this stream takes no messages");
  }

  return {
    accept(webSocket, { principal: { sub, role } }) {
      const client: Client = { socket: new WebSocketViewer(webSocket), words: 0, silent: 0 };
      client.socket.listen({
        message: () => hear(client),
        alive: () => {
          client.silent = 0;
        },
        closed: () => {
          clients.delete(client);
          crowd.leave(client);
        },
      });
      if (closed) {
        client.socket.close(CLOSE.goingAway, "the hub is closing");
        return;
      }
      clients.add(client);
      const answer: AuthenticateAnswer = { ok: true, userId: sub, role, isAdmin: role === "admin" };
      client.socket.send(textOf("authenticated", answer));
      crowd.enter(client, sub);
    },
    onSecond() {
      for (const client of clients) {
        if (++client.silent === SILENT_SECONDS) client.socket.ping();
        if (client.silent > 2 * SILENT_SECONDS) client.socket.terminate();
      }
      if (++seconds % STATUS_SECONDS === 0) crowd.tellStatus().catch(onError);
    },
    stats: () => crowd.stats(),
    close() {
      closed = true;
      crowd.close();
      for (const { socket } of clients) socket.close(CLOSE.goingAway, "the hub is closing");
      clients.clear();
    },
  };
}

function textOf(event: string, data: object): LiveMessage {
  return new LiveMessage(JSON.stringify({ event, data }), false);
}
