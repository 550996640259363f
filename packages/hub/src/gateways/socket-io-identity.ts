import { type AuthenticateAnswer, WsightError } from "@wsight/protocol";
import type { Socket } from "socket.io";
import { addressKey } from "../access/address.ts";
import type { Credential } from "../access/authenticate.ts";
import type { ConnectionLimit } from "../access/connection-limit.ts";
import type { Gate } from "../http/gate.ts";
import type { Audience } from "./audience.ts";
import type { Connection } from "./socket-io-connection.ts";
import { authorizeHandshake, authorizeToken } from "./socket-io-handshake.ts";

/** How long a client that showed nothing in its handshake has to say who it is, ms. */
const AUTHENTICATE_MS = 10_000;
/** Refusals in a row after which a client is sent away. */
const MAX_REFUSALS = 3;

/** What identities are made of. */
export interface IdentityParts {
  readonly gate: Gate;
  /** Places for viewers, whichever way they come. */
  readonly viewers: ConnectionLimit;
  readonly audience: Pick<Audience, "greet" | "identify">;
  /** Told what failed and was no refusal. */
  readonly onError: (error: unknown) => void;
}

/** Who is behind each client, from its handshake on. */
export interface Identities {
  /** Decides on a handshake, before it is answered. @throws WsightError to refuse it */
  admit(socket: Socket, connection: Connection | undefined): Promise<void>;
  /** Goes on with a client that was let in. */
  begin(socket: Socket, connection: Connection | undefined): void;
}

/** The place of one client; kept as `socket.data`. */
interface Seat {
  credential: Credential | null;
  /** Gives its place among the viewers back. */
  leave: (() => void) | null;
  gone: boolean;
  busy: boolean;
  refusals: number;
}

/**
 * A client is *unknown* while it has shown nothing: it hears `authentication-required`, and is sent away when it does
 * not say `authenticate` in time. By a right token it becomes *known*, as it is at once by a right handshake. A known
 * client may say `authenticate` again: as somebody else it leaves everything it was told as before; a refusal changes
 * nothing. What a client wishes to be decides nothing, its verified token does.
 */
export function createIdentities({ gate, viewers, audience, onError }: IdentityParts): Identities {
  function takePlace({ request }: Socket, { principal }: Credential): () => void {
    const leave = viewers.enter([`address ${addressKey(gate.clientOf(request).address)}`, `sub ${principal.sub}`]);
    if (leave === null) throw new WsightError("TOO_MANY_CONNECTIONS");
    return leave;
  }

  /** Somebody else takes the place of who was there before, also where no other is left. */
  function changeSeat(socket: Socket, seat: Seat, credential: Credential): void {
    const { credential: before, leave } = seat;
    leave?.();
    seat.leave = null;
    try {
      seat.leave = takePlace(socket, credential);
    } catch (error) {
      if (before !== null) seat.leave = takePlace(socket, before);
      throw error;
    }
    seat.credential = credential;
  }

  async function decide(socket: Socket, seat: Seat, said: unknown): Promise<AuthenticateAnswer> {
    if (seat.busy) return refusal(new WsightError("RATE_LIMITED", "One at a time: the answer to the last is awaited"));
    seat.busy = true;
    try {
      gate.admit(socket.request);
      const credential = await authorizeToken(gate, socket.request, said);
      if (seat.gone) return refusal(new WsightError("UNAUTHENTICATED", "The connection has ended"));
      changeSeat(socket, seat, credential);
      seat.refusals = 0;
      return decided(credential, said);
    } catch (error) {
      if (!(error instanceof WsightError)) onError(error);
      seat.refusals++;
      return refusal(error);
    } finally {
      seat.busy = false;
    }
  }

  async function authenticate(socket: Socket, seat: Seat, args: unknown[]): Promise<void> {
    const ack: unknown = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const answer = await decide(socket, seat, args[0]);
    if (seat.gone) return;
    socket.emit(answer.ok ? "authenticated" : "authentication-failed", answer);
    if (typeof ack === "function") ack(answer);
    if (answer.ok && seat.credential !== null) audience.identify(socket, seat.credential);
    else if (seat.refusals >= MAX_REFUSALS) socket.disconnect(true);
  }

  function awaitToken(socket: Socket, seat: Seat): void {
    const message = "Say authenticate { token }";
    socket.emit("authentication-required", { code: "UNAUTHENTICATED", message, withinMs: AUTHENTICATE_MS });
    const late = setTimeout(() => {
      if (seat.credential !== null) return;
      const error = new WsightError("UNAUTHENTICATED", `Nothing was said within ${AUTHENTICATE_MS / 1000} s`);
      socket.emit("authentication-failed", refusal(error));
      socket.disconnect(true);
    }, AUTHENTICATE_MS).unref();
    socket.once("disconnect", () => clearTimeout(late));
  }

  return {
    async admit(socket, connection) {
      const { conn, request, handshake } = socket;
      if (connection === undefined || !connection.beginsAttempt()) throw new WsightError("RATE_LIMITED");
      try {
        const credential = await authorizeHandshake(gate, request, handshake.auth);
        const leave = credential === null ? null : takePlace(socket, credential);
        const seat: Seat = { credential, leave, gone: false, busy: false, refusals: 0 };
        const release = (): void => {
          seat.leave?.();
          seat.leave = null;
          seat.gone = true;
        };
        // Whichever comes first; a connection may also end before its client has come in.
        conn.once("close", release);
        socket.once("disconnect", release);
        if (conn.readyState !== "open") release();
        socket.data = seat;
      } finally {
        connection.endAttempt();
      }
    },
    begin(socket, connection) {
      const seat = socket.data as Seat;
      connection?.enter();
      audience.greet(socket);
      socket.on("authenticate", (...args: unknown[]) => {
        authenticate(socket, seat, args).catch(onError);
      });
      if (seat.credential === null) {
        awaitToken(socket, seat);
        return;
      }
      socket.emit("authenticated", decided(seat.credential, socket.handshake.auth));
      audience.identify(socket, seat.credential);
    },
  };
}

function decided({ principal: { sub, role } }: Credential, said: unknown): AuthenticateAnswer {
  const isAdmin = role === "admin";
  const wished = typeof said === "object" && said !== null && "isAdmin" in said && said.isAdmin === true;
  const note = `isAdmin: the credential says role ${role}, which is no administrator`;
  return { ok: true, userId: sub, role, isAdmin, ...(wished && !isAdmin ? { note } : {}) };
}

function refusal(error: unknown): AuthenticateAnswer {
  const known = error instanceof WsightError ? error : new WsightError("INTERNAL");
  const { code, message } = known.toBody().error;
  return { ok: false, error: { code, message } };
}
