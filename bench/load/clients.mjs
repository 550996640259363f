// One client under measurement: opens connections, then keeps messages under
// way on them, and tells what that cost its process.
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { DRIVERS } from "../../packages/load/dist/drivers/drivers.js";
import { machineNow } from "../../packages/load/dist/run/machine-clock.js";
import { wireTargetOf } from "../../packages/load/dist/target.js";

const [client, port] = process.argv.slice(2);
const TEXT = `"${"x".repeat(62)}"`;
const OPENING = 64;
const CONNECTIONS = 100;
const UNDER_WAY = 10;

function wsight(library, reply) {
  const url = `ws://127.0.0.1:${port}`;
  const target = { url, library, namespace: "/", auth: null, headers: {}, protocols: [], insecure: false };
  const message = { template: TEXT, event: "message", reply, timeoutMs: 10_000 };
  const driver = DRIVERS[library]({ target, message, fastMask: false }, wireTargetOf(target, "127.0.0.1"));
  return () =>
    new Promise((resolve, reject) => {
      let number = 0;
      let onAnswer = () => undefined;
      const connection = driver.connect(
        0,
        {
          ready: () =>
            resolve({
              send: () => connection.send(number++, machineNow()),
              onAnswer: (listener) => {
                onAnswer = listener;
              },
              end: () => connection.abort(),
            }),
          answered: () => onAnswer(),
          received: () => undefined,
          closed: reject,
        },
        undefined,
      );
    });
}

const CLIENTS = {
  "wsight ws": wsight("ws", "any"),
  "wsight socket.io": wsight("socket.io", "ack"),
  ws: () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
      socket.on("error", reject);
      socket.on("open", () =>
        resolve({
          send: () => socket.send(TEXT),
          onAnswer: (listener) => socket.on("message", listener),
          end: () => socket._socket.resetAndDestroy(),
        }),
      );
    }),
  "socket.io-client": () =>
    new Promise((resolve, reject) => {
      const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true, reconnection: false });
      let onAnswer = () => undefined;
      const answered = () => onAnswer();
      socket.on("connect_error", reject);
      socket.on("connect", () =>
        resolve({
          send: () => socket.emit("message", TEXT, answered),
          onAnswer: (listener) => {
            onAnswer = listener;
          },
          end: () => socket.disconnect(),
        }),
      );
    }),
};

function measure() {
  const cpu = process.cpuUsage();
  const at = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMicros: user + system, ms: performance.now() - at };
  };
}

function rss() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage.rss();
}

async function open(count) {
  const open = [];
  const next = async () => {
    while (count-- > 0) open.push(await CLIENTS[client]());
  };
  await Promise.all(Array.from({ length: OPENING }, next));
  return open;
}

const ASKS = {
  async connect({ count }) {
    const warm = await open(200);
    const before = rss();
    const done = measure();
    const lines = await open(count);
    const cost = done();
    const bytes = (rss() - before) / count;
    for (const line of [...warm, ...lines]) line.end();
    return { ...cost, bytes };
  },
  async echo({ ms }) {
    const lines = await open(CONNECTIONS);
    let answers = 0;
    for (const line of lines) {
      line.onAnswer(() => {
        answers++;
        line.send();
      });
      for (let i = 0; i < UNDER_WAY; i++) line.send();
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = answers;
    const done = measure();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const cost = { ...done(), answers: answers - before };
    for (const line of lines) line.end();
    return cost;
  },
};

process.on("message", async (ask) => process.send(await ASKS[ask.type](ask)));
process.on("disconnect", () => process.exit());
process.send("ready");
