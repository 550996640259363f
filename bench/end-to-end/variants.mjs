// The ways of watching an echo server that are compared. Each answers every
// message with `echo(text)`, returns how to close it, and loads what it needs
// itself: code of others that is merely loaded may change how V8 compiles.
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

const QUIET = { port: 0, data: null, quiet: true, service: "bench" };
const UNWATCHED = { received() {}, sent() {}, handled() {} };

function wsEcho(server, echo, around = UNWATCHED) {
  const wss = new WebSocketServer({ server });
  wss.on("connection", (ws) => {
    ws.on("message", (data) => {
      const begin = around.received(data);
      const reply = echo(data.toString());
      ws.send(reply);
      around.sent(reply);
      around.handled(begin);
    });
  });
  return wss;
}

function ioEcho(server, echo) {
  const io = new Server(server);
  io.on("connection", (socket) => {
    socket.on("echo", (text) => {
      socket.emit("echo", echo(text));
    });
  });
  return io;
}

/** Four counters and a histogram with one label: `add(name, by)` and `observe(seconds)`. */
async function promInstruments() {
  const { default: prom } = await import("prom-client");
  const registers = [new prom.Registry()];
  const counters = Object.fromEntries(
    ["messages_in", "messages_out", "bytes_in", "bytes_out"].map((name) => [
      name,
      new prom.Counter({ name, help: name, labelNames: ["event"], registers }),
    ]),
  );
  const duration = new prom.Histogram({ name: "duration", help: "seconds", labelNames: ["event"], registers });
  return {
    add: (name, by) => counters[name].inc({ event: "echo" }, by),
    observe: (seconds) => duration.observe({ event: "echo" }, seconds),
  };
}

async function otelInstruments() {
  const { MeterProvider, MetricReader } = await import("@opentelemetry/sdk-metrics");
  /** Without a reader the SDK counts nothing at all; this one never exports. */
  class IdleReader extends MetricReader {
    async onForceFlush() {}
    async onShutdown() {}
  }
  const meter = new MeterProvider({ readers: [new IdleReader()] }).getMeter("bench");
  const counters = Object.fromEntries(
    ["messages_in", "messages_out", "bytes_in", "bytes_out"].map((name) => [name, meter.createCounter(name)]),
  );
  const duration = meter.createHistogram("duration");
  return {
    add: (name, by) => counters[name].add(by, { event: "echo" }),
    observe: (seconds) => duration.record(seconds, { event: "echo" }),
  };
}

/** What people write by hand in a `ws` handler. */
function byHand(createInstruments) {
  return async (server, echo) => {
    const { add, observe } = await createInstruments();
    wsEcho(server, echo, {
      received(data) {
        add("messages_in", 1);
        add("bytes_in", data.length);
        return performance.now();
      },
      sent(reply) {
        add("messages_out", 1);
        add("bytes_out", Buffer.byteLength(reply));
      },
      handled(begin) {
        observe((performance.now() - begin) / 1000);
      },
    });
  };
}

/** The same counts by the catch-all listeners of Socket.IO; these can't time handlers. */
function byListeners(createInstruments) {
  return async (server, echo) => {
    const { add } = await createInstruments();
    ioEcho(server, echo).on("connection", (socket) => {
      socket.onAny((_event, text) => {
        add("messages_in", 1);
        add("bytes_in", Buffer.byteLength(text));
      });
      socket.onAnyOutgoing((_event, text) => {
        add("messages_out", 1);
        add("bytes_out", Buffer.byteLength(text));
      });
    });
  };
}

function byWsight(createTargets) {
  return async (server, echo) => {
    const { monitor } = await import("wsight");
    const { close } = await monitor(createTargets(server, echo), QUIET);
    return close;
  };
}

function byAdminUi(mode) {
  return async (server, echo) => {
    const { instrument } = await import("@socket.io/admin-ui");
    instrument(ioEcho(server, echo), { auth: false, mode });
  };
}

export const VARIANTS = {
  ws: {
    none: async (server, echo) => void wsEcho(server, echo),
    wsight: byWsight((server, echo) => ({ wss: wsEcho(server, echo) })),
    "prom-client": byHand(promInstruments),
    "OpenTelemetry metrics": byHand(otelInstruments),
  },
  "socket.io": {
    none: async (server, echo) => void ioEcho(server, echo),
    wsight: byWsight((server, echo) => ({ io: ioEcho(server, echo) })),
    "prom-client": byListeners(promInstruments),
    "OpenTelemetry metrics": byListeners(otelInstruments),
    "admin-ui (production)": byAdminUi("production"),
    "admin-ui (development)": byAdminUi("development"),
  },
};
