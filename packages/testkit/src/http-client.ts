import { once } from "node:events";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect as netConnect, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";

/** An answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

/** What is asked. */
export interface HttpQuestion {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: HttpAgent;
}

/** Asks one server on loopback, with a client that has nothing to do with what is tested. */
export interface HttpClient {
  readonly ask: (path: string, question?: HttpQuestion) => Promise<HttpAnswer>;
  /** A bare connection, for what a client of HTTP would not do. */
  readonly connect: () => Promise<Socket>;
  /** An agent that keeps its one connection. */
  readonly agent: () => HttpAgent;
  readonly close: () => void;
}

/** Creates a client of a server on loopback; certificates are not checked. */
export function createHttpClient(port: number, secure = false): HttpClient {
  const agents: HttpAgent[] = [];
  const sockets: Socket[] = [];
  const request = secure ? httpsRequest : httpRequest;
  const makeAgent = (): HttpAgent => {
    const options = { keepAlive: true, maxSockets: 1 };
    const agent = secure ? new HttpsAgent({ ...options, rejectUnauthorized: false }) : new HttpAgent(options);
    agents.push(agent);
    return agent;
  };
  return {
    agent: makeAgent,
    async ask(path, { method = "GET", headers = {}, body, agent = makeAgent() } = {}) {
      const asked = request({ host: "127.0.0.1", port, path, method, headers, agent });
      asked.end(body);
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      let text = "";
      for await (const chunk of answer) text += String(chunk);
      return { status: answer.statusCode ?? 0, body: text, headers: answer.headers };
    },
    async connect() {
      const socket = secure
        ? tlsConnect({ host: "127.0.0.1", port, rejectUnauthorized: false })
        : netConnect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      sockets.push(socket);
      await once(socket, secure ? "secureConnect" : "connect");
      return socket;
    },
    close() {
      for (const agent of agents) agent.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}
