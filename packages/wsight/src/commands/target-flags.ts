import { expected, type LoadTarget, parseJson, parseLoadTarget, WsightError } from "@wsight/protocol";
import type { Environment } from "../environment.ts";
import type { Flag, FlagValues } from "./command.ts";
import { readAll } from "./flags.ts";

/** Flags that say which server is tested and how to be let in. */
export const TARGET_FLAGS: Readonly<Record<string, Flag>> = {
  url: { value: "URL", help: "address of the server: ws://, wss://, http:// or https://" },
  socketio: { value: null, help: "it speaks Socket.IO 4" },
  namespace: { value: "NAME", help: "namespace of Socket.IO (/)" },
  auth: { value: "JSON", help: "payload of the Socket.IO handshake" },
  header: { value: "'NAME: VALUE'", help: "header of the handshake; may be given several times", repeats: true },
  protocol: { value: "NAME", help: "sub-protocol to offer; may be given several times", repeats: true },
  insecure: { value: null, help: "accept certificates that nobody vouches for" },
  "i-own": { value: "HOST", help: "repeats the host of the address, if it is not this machine" },
};

/** Flags that say where a monitored server's own figures are read. */
export const ACCESS_FLAGS: Readonly<Record<string, Flag>> = {
  wsight: { value: "URL", help: "hub that monitors the server (with --token alone: the server's own host)" },
  token: { value: "TOKEN", help: "of a viewer, for the hub; better given as WSIGHT_TOKEN" },
};

/** The target that flags describe. @throws WsightError `BAD_OPTION` */
export function readTarget(values: FlagValues): LoadTarget {
  if (values.url === undefined)
    throw new WsightError(
      "BAD_OPTION",
      "--url: expected the address of a server, such as ws://127.0.0.1:3000, got nothing",
    );
  const isSocketIo = values.socketio !== undefined;
  for (const name of ["namespace", "auth"]) {
    if (values[name] !== undefined && !isSocketIo)
      throw new WsightError("BAD_OPTION", `--${name}: expected --socketio with it, got none`);
  }
  try {
    return parseLoadTarget({
      url: values.url,
      library: isSocketIo ? "socket.io" : "ws",
      namespace: values.namespace ?? "/",
      auth: values.auth === undefined ? null : parseJson("BAD_OPTION", "--auth", values.auth),
      headers: Object.fromEntries(readAll(values, "header").map(parseHeader)),
      protocols: readAll(values, "protocol"),
      insecure: values.insecure !== undefined,
    });
  } catch (error) {
    if (error instanceof WsightError) throw new WsightError("BAD_OPTION", `--${error.message}`, { cause: error });
    throw error;
  }
}

/** Where the server's own figures are, if that was said. @throws WsightError `BAD_OPTION` */
export function readAccess(
  values: FlagValues,
  environment: Environment,
  targetUrl: string,
): { readonly url: string; readonly token: string } | null {
  const token = values.token ?? environment.WSIGHT_TOKEN;
  if (!token) {
    if (values.wsight === undefined) return null;
    throw new WsightError(
      "BAD_OPTION",
      "--token: expected a viewer's token for --wsight, got nothing. Make one: wsight token --role viewer --sub load",
    );
  }
  const url = values.wsight ?? `${targetUrl.replace(/^ws/, "http").split("/").slice(0, 3).join("/")}/`;
  if (!/^https?:\/\//.test(url)) throw expected("BAD_OPTION", "--wsight", "an http: or https: address", url);
  return { url, token: token.trim() };
}

function parseHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(":");
  if (colon < 1) throw expected("BAD_OPTION", "header", "'NAME: VALUE'", text);
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}
