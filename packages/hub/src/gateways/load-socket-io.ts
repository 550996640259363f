import { createRequire } from "node:module";
import { nextTurn } from "../live/turns.ts";

/** What takes longest to load, each before whoever needs it. */
const PARTS = ["accepts", "socket.io-parser", "socket.io-adapter", "engine.io"];

/**
 * Loads Socket.IO, which takes tens of milliseconds when it is done in one go: piece by piece, so that the hub
 * answers others in between. Hubs that nobody asks for it never load it.
 */
export async function loadSocketIo(): Promise<typeof import("socket.io")> {
  const within = createRequire(createRequire(import.meta.url).resolve("socket.io"));
  for (const part of PARTS) {
    try {
      within(part);
    } catch {
      // Should a version be made of other parts, loading the whole says what is wrong, if anything is.
    }
    await nextTurn();
  }
  return import("socket.io");
}
