/** Rooms of `/chat`, the liveliest first. */
export const ROOMS = ["lobby", "support", "engineering", "random", "sales"] as const;
/** Symbols of `/ticker`, the most asked for first. */
export const SYMBOLS = ["ACME", "GLOB", "INIT", "HOOL", "UMBR", "WONK"] as const;
/** What a client shows to be let in. */
export const DEMO_TOKEN = "open-sesame";

/** An answer that says that it could not be done. */
interface Failed {
  readonly failed: string;
}

/** What clients say on `/chat`. */
export interface ChatRequests {
  "room:join": (room: string, ack: (joined: number) => void) => void;
  "room:leave": (room: string) => void;
  "chat:message": (room: string, text: string, ack: (id: number) => void) => void;
  "chat:typing": (room: string) => void;
  "chat:history": (room: string, ack: (texts: readonly string[]) => void) => void;
  "chat:search": (words: string, ack: (found: readonly string[] | Failed) => void) => void;
  "chat:upload": (room: string, file: Uint8Array, ack: (bytes: number | Failed) => void) => void;
}

/** What the server says on `/chat`. */
export interface ChatNews {
  "chat:message": (room: string, user: string, text: string) => void;
  "chat:typing": (room: string, user: string) => void;
  "chat:sync": (at: number, ack: (at: number) => void) => void;
}

/** What clients say on `/presence`. */
export interface PresenceRequests {
  "presence:set": (status: string) => void;
  "presence:who": (ack: (users: readonly string[]) => void) => void;
}

/** What the server says on `/presence`. */
export interface PresenceNews {
  "presence:changed": (user: string, status: string) => void;
  "presence:count": (count: number) => void;
}

/** What the middleware of the demo knows about a socket. */
export interface SocketUser {
  user: string;
}
