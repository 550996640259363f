import { once } from "node:events";
import { connect } from "node:net";

/** A reply of a Redis; an error is a reply too. */
export type RespReply = string | number | null | Error | readonly RespReply[];

/** Where a Redis listens. */
export interface RedisPlace {
  readonly host: string;
  readonly port: number;
}

/** Sends commands on a connection of its own and returns their replies: a client that nobody watches. */
export async function askRedis(
  { host, port }: RedisPlace,
  commands: readonly (readonly unknown[])[],
): Promise<readonly RespReply[]> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    socket.write(commands.map(encode).join(""));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      const replies = decode(Buffer.concat(chunks), commands.length);
      if (replies !== null) return replies;
    }
    throw new Error("the server closed the connection before it answered");
  } finally {
    socket.destroy();
  }
}

function encode(command: readonly unknown[]): string {
  const words = command.map((word) => String(word));
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

/** `null` while replies are missing. */
function decode(bytes: Buffer, count: number): readonly RespReply[] | null {
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) throw new RangeError("more to come");
    const text = bytes.toString("utf8", at, end);
    at = end + 2;
    return text;
  };
  const bulk = (length: number): string | null => {
    if (length < 0) return null;
    if (at + length + 2 > bytes.length) throw new RangeError("more to come");
    const text = bytes.toString("utf8", at, at + length);
    at += length + 2;
    return text;
  };
  const read = (): RespReply => {
    const head = line();
    const rest = head.slice(1);
    if (head[0] === "-") return new Error(rest);
    if (head[0] === ":") return Number(rest);
    if (head[0] === "$") return bulk(Number(rest));
    if (head[0] !== "*") return rest;
    return Number(rest) < 0 ? null : Array.from({ length: Number(rest) }, read);
  };
  try {
    return Array.from({ length: count }, read);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
