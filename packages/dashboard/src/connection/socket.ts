/** What a socket tells. After `close` nothing more is told. */
export interface SocketHandlers {
  open(): void;
  message(data: string | Uint8Array): void;
  /** The socket closed, or never opened; `code` as in RFC 6455, 1006 when nobody said. */
  close(code: number): void;
}

/** One socket, as little as the session needs. */
export interface Socket {
  send(text: string): void;
  /** Ends it at once: no handler is called any more, however long the closing handshake takes. */
  close(): void;
}

/** Opens a socket to an absolute `ws:` or `wss:` address. May throw. */
export type SocketFactory = (url: string, handlers: SocketHandlers) => Socket;

/** The part of the browser's `WebSocket` that is used. */
export type WebSocketLike = new (url: string) => Pick<WebSocket, "send" | "close" | "binaryType" | "addEventListener">;

const OPEN = 1;

/** Sockets made by a `WebSocket` class. */
export function webSockets(WebSocketClass: WebSocketLike): SocketFactory {
  return (url, handlers) => {
    const socket = new WebSocketClass(url);
    let over = false;
    let state = 0;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      state = OPEN;
      if (!over) handlers.open();
    });
    socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (over) return;
      if (typeof data === "string") handlers.message(data);
      else if (data instanceof ArrayBuffer) handlers.message(new Uint8Array(data));
    });
    // The close event that always follows says the rest; a listener keeps other runtimes from throwing it.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", ({ code }) => {
      state = 0;
      if (over) return;
      over = true;
      handlers.close(code);
    });
    return {
      send(text) {
        if (state === OPEN && !over) socket.send(text);
      },
      close() {
        over = true;
        socket.close();
      },
    };
  };
}
