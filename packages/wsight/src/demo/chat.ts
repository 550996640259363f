import type { DefaultEventsMap, Namespace, Socket } from "socket.io";
import type { ChatNews, ChatRequests, SocketUser } from "./events.ts";
import type { Guarded } from "./guarded.ts";
import { pause } from "./pause.ts";
import { logNormal, type Random } from "./random.ts";

/** The namespace `/chat`. */
export type ChatNamespace = Namespace<ChatRequests, ChatNews, DefaultEventsMap, SocketUser>;
type ChatSocket = Socket<ChatRequests, ChatNews, DefaultEventsMap, SocketUser>;

/** Messages remembered a room. */
const HISTORY = 50;
const MAX_UPLOAD_BYTES = 32 * 1024;
const SYNC_EVERY_MS = 2_000;
const SYNC_TIMEOUT_MS = 1_500;

/** What the chat works with. */
export interface ChatParts {
  readonly random: Random;
  readonly guarded: Guarded;
  readonly signal: AbortSignal;
}

/** Chat with rooms: broadcasts, quick and slow acknowledgements, and handlers that fail now and then. */
export function serveChat(chat: ChatNamespace, parts: ChatParts): void {
  const rooms = new Map<string, string[]>();
  chat.on("connection", (socket) => serveSocket(socket, rooms, parts));
  void keepInSync(chat, parts);
}

function serveSocket(socket: ChatSocket, rooms: Map<string, string[]>, { random, guarded, signal }: ChatParts): void {
  let id = 0;
  const slowly = (medianMs: number, spread: number): Promise<boolean> =>
    pause(logNormal(random, medianMs, spread), signal);

  socket.on(
    "room:join",
    guarded(async (room, ack) => {
      await socket.join(room);
      ack(socket.rooms.size - 1);
    }),
  );
  socket.on(
    "room:leave",
    guarded(async (room) => socket.leave(room)),
  );
  socket.on(
    "chat:message",
    guarded(async (room, text, ack) => {
      if (text.startsWith("/")) throw new TypeError(`there is no command ${text}`);
      remember(rooms, room, text);
      socket.to(room).emit("chat:message", room, socket.data.user, text);
      await slowly(3, 0.5);
      ack(id++);
    }),
  );
  socket.on(
    "chat:typing",
    guarded(async (room) => {
      socket.volatile.to(room).emit("chat:typing", room, socket.data.user);
    }),
  );
  socket.on(
    "chat:history",
    guarded(async (room, ack) => {
      await slowly(14, 0.6);
      ack(rooms.get(room)?.slice(-10) ?? []);
    }),
  );
  socket.on(
    "chat:search",
    guarded(async (words, ack) => {
      await slowly(70, 0.7);
      if (random() < 0.04) {
        ack({ failed: "try again" });
        throw new SearchUnavailable(`no answer for ${JSON.stringify(words)}`);
      }
      ack([...rooms.values()].flat().filter((text) => text.includes(words)));
    }),
  );
  socket.on(
    "chat:upload",
    guarded(async (_room, file, ack) => {
      if (file.byteLength > MAX_UPLOAD_BYTES) {
        ack({ failed: "too large" });
        throw new RangeError(`an upload of ${file.byteLength} bytes; the most is ${MAX_UPLOAD_BYTES}`);
      }
      await slowly(25, 0.8);
      ack(file.byteLength);
    }),
  );
}

class SearchUnavailable extends Error {
  override readonly name = "SearchUnavailable";
}

function remember(rooms: Map<string, string[]>, room: string, text: string): void {
  const texts = rooms.get(room) ?? [];
  rooms.set(room, texts);
  texts.push(text);
  if (texts.length > HISTORY) texts.shift();
}

/** Asks one client after the other whether it is still there, and waits for its answer. */
async function keepInSync(chat: ChatNamespace, { random, signal }: ChatParts): Promise<void> {
  while (await pause(SYNC_EVERY_MS, signal)) {
    for (const socket of chat.sockets.values()) {
      if (random() < 0.25) void askForSync(socket);
    }
  }
}

async function askForSync(socket: ChatSocket): Promise<void> {
  try {
    await socket.timeout(SYNC_TIMEOUT_MS).emitWithAck("chat:sync", Date.now());
  } catch {
    // No answer in time: that is what a time-out of an acknowledgement looks like on the page.
  }
}
