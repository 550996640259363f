// One server in a process of its own, driven over IPC: `memory` answers a block
// of requests that come over streams without system calls, and says how long
// each took; `start` and `stop` frame a stretch of requests over loopback, and
// say the CPU time each took.
import { readFileSync } from "node:fs";
import { Duplex } from "node:stream";
import { makeServer } from "./servers.mjs";

const REQUEST = Buffer.from(
  "GET /api/acme/users/7 HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n",
);
const CONNECTIONS = 50;

class MemorySocket extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  _read() {}
  _write(chunk, _encoding, done) {
    this.#wrote(chunk.length);
    done();
  }
  _writev(chunks, done) {
    this.#wrote(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0));
    done();
  }
  #wrote(bytes) {
    this.bytesWritten += bytes;
  }
  setTimeout() {
    return this;
  }
}

const server = await makeServer(process.argv[2], process.argv[3]);
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
let answered = 0;
let expected = 0;
let done = () => undefined;
server.on("request", (_request, response) =>
  response.on("finish", () => {
    if (++answered === expected) done();
  }),
);
const sockets = Array.from({ length: CONNECTIONS }, () => {
  const socket = new MemorySocket();
  server.emit("connection", socket);
  return socket;
});

async function memory(requests) {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < requests; i += CONNECTIONS) {
    answered = 0;
    expected = CONNECTIONS;
    await new Promise((resolve) => {
      done = resolve;
      for (const socket of sockets) {
        socket.bytesRead += REQUEST.length;
        socket.push(REQUEST);
      }
    });
  }
  expected = -1;
  return Number(process.hrtime.bigint() - begin) / requests;
}

/** CPU time of the main thread, ns; of the whole process where the kernel does not tell. */
function cpu() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ")[0]);
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  }
}

let before;
process.on("message", async ({ ask, size }) => {
  if (ask === "memory") process.send(await memory(size));
  if (ask === "listen") server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  if (ask === "start") {
    answered = 0;
    before = cpu();
  }
  if (ask === "stop") process.send({ requests: answered, each: (cpu() - before) / answered });
});
process.once("disconnect", () => process.exit());
