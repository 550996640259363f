import { METRIC_EVENT_TIERS, METRIC_EVENTS, type MetricEvent, type Tier, WsightError } from "@wsight/protocol";
import type { Server, Socket } from "socket.io";
import type { Credential } from "../access/authenticate.ts";
import type { Role } from "../access/principal.ts";
import type { JobDashboard } from "../jobs/dashboard/job-dashboard.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { backlogOf, cutOff } from "./engine-socket.ts";
import { JobCrowd } from "./jobs/job-crowd.ts";
import { KeptSubscriptions } from "./kept-subscriptions.ts";
import { eventsOf, type Payloads } from "./payloads/payloads.ts";
import { checkMayWatch, readMetricTypes, refusal, type SubscriptionAnswer } from "./subscriptions.ts";

/** Messages that may wait for a client before it gets no more of them; the rest of a beat included, twice as many. */
const MAX_WAITING = 8;
/** A client that has not taken what waits for it for this long is cut off, ms. */
const STUCK_MS = 30_000;
/** Clients that do not read are in this room, and no event goes there. */
const SLOW = "slow";
/** Administrators are in this room: what is told there is for nobody else. */
const ADMINS = "admins";
/** Messages that may wait for a client before it hears of its jobs no more, until it has read. */
const MAX_WAITING_JOBS = 32;
/** Seconds between two tellings of how queues and workers are. */
const STATUS_SECONDS = 5;

/** How an audience fares. */
export interface AudienceStats {
  readonly viewers: number;
  /** Clients that hear of their jobs, and different users among them; and administrators. */
  readonly clients: number;
  readonly users: number;
  readonly administrators: number;
  /** Events that slow clients did not get. */
  readonly skippedTicks: number;
}

interface Client {
  readonly socket: Socket;
  /** `null` while it has not said who it is: nothing is told to it. */
  credential: Credential | null;
  /** Since when it has not read, ms epoch; `null` while it reads. */
  stuckSince: number | null;
}

/** What an audience is made of. */
export interface AudienceParts {
  readonly io: Server;
  readonly payloads: Payloads;
  readonly jobs: Jobs;
  readonly dashboard: Pick<JobDashboard, "adminEvents">;
  /** ms epoch. */
  readonly now: () => number;
  /** Told what could not be made; the other events go on. */
  readonly onError: (error: unknown) => void;
}

/**
 * Everybody who listens, and what to: a metric type is a room. An event is made once and put into bytes once for all
 * of them, and not at all while nobody listens. Who does not read is left out until it has read.
 */
export class Audience {
  readonly #parts: AudienceParts;
  readonly #clients = new Map<Socket, Client>();
  readonly #crowd: JobCrowd<Socket>;
  readonly #kept: KeptSubscriptions;
  #seconds = 0;
  #skipped = 0;

  constructor(parts: AudienceParts) {
    this.#parts = parts;
    const { io, jobs, now, onError } = parts;
    this.#kept = new KeptSubscriptions(now);
    this.#crowd = new JobCrowd({
      jobs,
      now,
      onError,
      outlet: {
        isFull: ({ conn }) => backlogOf(conn) > MAX_WAITING_JOBS,
        send(to, event, data) {
          // Nobody would mean everybody.
          if (to.length > 0) io.to(to.map(({ id }) => id)).emit(event, data);
        },
        cutOff: ({ conn }) => cutOff(conn),
      },
    });
  }

  /** Listens to a client that was let in. It hears nothing before it is known who it is. */
  greet(socket: Socket): void {
    const client: Client = { socket, credential: null, stuckSince: null };
    this.#clients.set(socket, client);
    // Once it has disconnected it is in no room any more.
    socket.once("disconnecting", (reason) => {
      const { principal } = client.credential ?? {};
      const isLost = reason !== "client namespace disconnect" && reason !== "server namespace disconnect";
      if (isLost && principal !== undefined) this.#kept.keep(socket, principal.sub, subscribedOf(socket));
    });
    socket.once("disconnect", () => {
      this.#clients.delete(socket);
      this.#crowd.leave(socket);
    });
    socket.on("subscribe", (...args: unknown[]) => this.#change(client, "subscribe", args));
    socket.on("unsubscribe", (...args: unknown[]) => this.#change(client, "unsubscribe", args));
  }

  /** Begins to tell a client whatever is for who it is: nobody else's any more. The same again goes on as it was. */
  identify(socket: Socket, credential: Credential): void {
    const client = this.#clients.get(socket);
    if (client === undefined) return;
    const { principal: before } = client.credential ?? {};
    client.credential = credential;
    const { sub, role } = credential.principal;
    const known = before === undefined ? this.#kept.take(socket, sub) : null;
    if (before?.sub !== sub || before.role !== role) this.#admitToRooms(socket, role, known ?? METRIC_EVENTS);
    this.#crowd.enter(socket, sub);
  }

  #admitToRooms(socket: Socket, role: Role, subscribed: readonly MetricEvent[]): void {
    for (const room of [...METRIC_EVENTS, ADMINS]) void socket.leave(room);
    try {
      checkMayWatch(role);
    } catch (error) {
      socket.emit("subscription-error", refusal(error, []));
      return;
    }
    void socket.join([...subscribed]);
    this.#attempt(() => socket.emit("initialData", { ...this.#parts.payloads.initial(), subscribed }));
    this.#tell(socket, subscribed);
    if (role !== "admin") return;
    void socket.join(ADMINS);
    this.#attempt(() => {
      for (const { event, data } of this.#parts.dashboard.adminEvents()) socket.emit(event, data);
    });
  }

  /** Tells what is due to those who listen to it. */
  onDue(tiers: readonly Tier[]): void {
    const { io, payloads } = this.#parts;
    const events = tiers.flatMap(eventsOf).filter((event) => this.#listenersOf(event) > 0);
    this.#sortOutSlow(events);
    for (const event of events)
      this.#attempt(() => {
        io.to(event).except(SLOW).emit(event, payloads.make(event));
      });
  }

  /** Tells administrators something that just happened; who does not read has to ask for it later. */
  tellAdmins(event: string, payload: object): void {
    const { io } = this.#parts;
    for (const { socket, stuckSince } of this.#clients.values())
      if (stuckSince !== null && socket.rooms.has(ADMINS)) this.#skipped++;
    this.#attempt(() => io.to(ADMINS).except(SLOW).emit(event, payload));
  }

  /** Once a second: ends clients whose credential ended before `at`, ms epoch, and tells how queues are when it is time. */
  sweep(at: number): void {
    this.#endWhere(({ expiresAt }) => expiresAt !== null && expiresAt <= at);
    if (++this.#seconds % STATUS_SECONDS !== 0) return;
    this.#crowd.tellStatus().catch(this.#parts.onError);
    if (this.#listenersOf(ADMINS) === 0) return;
    this.#attempt(() => {
      for (const { event, data } of this.#parts.dashboard.adminEvents()) this.tellAdmins(event, data);
    });
  }

  /** Ends the clients of a session. */
  closeSession(id: string): void {
    this.#endWhere(({ sessionId }) => sessionId === id);
  }

  stats(): AudienceStats {
    const { clients, users, skipped } = this.#crowd.stats();
    const administrators = this.#listenersOf(ADMINS);
    // Whoever is known hears of its jobs, if it has any.
    return { viewers: clients, clients, users, administrators, skippedTicks: this.#skipped + skipped };
  }

  /** Tells nobody anything any more. */
  close(): void {
    this.#crowd.close();
  }

  #listenersOf(room: string): number {
    return this.#parts.io.sockets.adapter.rooms.get(room)?.size ?? 0;
  }

  /** What is told to one client alone; the payload is that of all, while it is new. */
  #tell(socket: Socket, events: readonly MetricEvent[]): void {
    for (const event of events) this.#attempt(() => socket.emit(event, this.#parts.payloads.newest(event)));
  }

  #change(client: Client, what: "subscribe" | "unsubscribe", args: unknown[]): void {
    const { socket, credential } = client;
    const before = subscribedOf(socket);
    const ack: unknown = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const answer = (result: SubscriptionAnswer): void => {
      if (typeof ack === "function") ack(result);
      else if (!result.ok) socket.emit("subscription-error", result);
    };
    try {
      if (credential === null) throw new WsightError("UNAUTHENTICATED", "Say authenticate { token } first");
      checkMayWatch(credential.principal.role);
      const types = readMetricTypes(args);
      if (what === "subscribe") void socket.join([...types]);
      else for (const type of types) void socket.leave(type);
    } catch (error) {
      answer(refusal(error, before));
      return;
    }
    const after = subscribedOf(socket);
    answer({ ok: true, subscribed: after });
    this.#tell(
      socket,
      after.filter((event) => !before.includes(event)),
    );
  }

  /** Leaves out who has not taken what it was told before, and cuts off who has not for long. */
  #sortOutSlow(events: readonly MetricEvent[]): void {
    const now = this.#parts.now();
    for (const client of this.#clients.values()) {
      const { socket } = client;
      if (backlogOf(socket.conn) <= MAX_WAITING) {
        if (client.stuckSince !== null) void socket.leave(SLOW);
        client.stuckSince = null;
        continue;
      }
      if (client.stuckSince === null) void socket.join(SLOW);
      client.stuckSince ??= now;
      this.#skipped += events.filter((event) => socket.rooms.has(event)).length;
      if (now - client.stuckSince >= STUCK_MS) cutOff(socket.conn);
    }
  }

  #endWhere(ended: (credential: Credential) => boolean): void {
    for (const { socket, credential } of this.#clients.values()) {
      if (credential === null || !ended(credential)) continue;
      socket.emit(
        "session-ended",
        new WsightError("UNAUTHENTICATED", "Signed out, or the token has expired").toBody().error,
      );
      socket.disconnect(true);
    }
  }

  /** One event that can't be made must not take the others with it. */
  #attempt(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#parts.onError(error);
    }
  }
}

/** In the order of the table. */
function subscribedOf({ rooms }: Socket): readonly MetricEvent[] {
  return (Object.keys(METRIC_EVENT_TIERS) as MetricEvent[]).filter((event) => rooms.has(event));
}
