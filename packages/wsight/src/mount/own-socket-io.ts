import type { Server } from "node:http";

/** Where Socket.IO is unless told otherwise. */
const PATH = "/socket.io/";

/** What is looked at of a Socket.IO server that the application passed. */
interface IoLike {
  readonly httpServer?: unknown;
  readonly path?: () => unknown;
}

/**
 * Whether `/socket.io/` of a server is the application's. It is when a
 * Socket.IO that was passed is there; when there is an Engine.IO that was not
 * passed, as nobody can ask that one for its path; and when anybody else takes
 * upgrades, as a proxy would, but for `ws`, which is not Socket.IO. Looked at
 * anew for each request to that path, since a Socket.IO may be attached later.
 * @param ios what the application passed as `io`
 */
export function hasOwnSocketIo(server: Server, ios: readonly object[]): boolean {
  try {
    const here = (ios as readonly IoLike[]).filter(({ httpServer }) => httpServer === server);
    if (here.some((io) => PATH.startsWith(`${String(io.path?.())}/`))) return true;
    const engines = Math.max(...traces(server).map((listeners) => listeners.length));
    return (
      engines > here.length || server.listeners("upgrade").some((listener) => !isEngine(listener) && !isWs(listener))
    );
  } catch {
    // Whatever is odd here is the application's.
    return true;
  }
}

/** What an Engine.IO leaves at a server, each by itself enough to know it. */
function traces(server: Server): readonly (readonly unknown[])[] {
  return [
    server.listeners("listening").filter(({ name }) => name === "bound init"),
    server.listeners("upgrade").filter(isEngine),
    server.listeners("request").filter(isEngineRequest),
  ];
}

/** Names of fields stay what they are, whatever a bundler did to the others. */
function isEngine(listener: unknown): boolean {
  return /\.handleUpgrade\([\s\S]*destroyUpgrade/.test(String(listener));
}

function isEngineRequest(listener: unknown): boolean {
  return /\.handleRequest\(\w+, ?\w+\)[\s\S]*\.call\(/.test(String(listener));
}

/** The listener of a `WebSocketServer` that was given a server. */
function isWs(listener: unknown): boolean {
  return /^\(\w+, ?\w+, ?\w+\) ?=> ?\{\s*this\.handleUpgrade\(\w+, ?\w+, ?\w+, ?\w+\);?\s*\}$/.test(String(listener));
}
