// The ways of watching a Socket.IO server that are compared. Each gets a server
// before its first connection, and loads what it needs itself: code of others
// that is merely loaded may change how V8 compiles.

function watched(intervalMs) {
  return async (io) => {
    const { createProbe } = await import("@wsight/probe");
    createProbe({ intervalMs }).attach(io);
  };
}

/** What people write by hand: counters of messages with a label, in the catch-all listeners. */
function handWritten(createInstruments) {
  return async (io) => {
    const { counter, add } = await createInstruments();
    const [messagesIn, messagesOut] = ["m_in", "m_out"].map(counter);
    io.on("connection", (socket) => {
      socket.onAny((event) => add(messagesIn, event));
      socket.onAnyOutgoing((event) => add(messagesOut, event));
    });
  };
}

async function promInstruments() {
  const { default: prom } = await import("prom-client");
  const registers = [new prom.Registry()];
  return {
    counter: (name) => new prom.Counter({ name, help: name, labelNames: ["event"], registers }),
    add: (counter, event) => counter.inc({ event }),
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
  return {
    counter: (name) => meter.createCounter(name),
    add: (counter, event) => counter.add(1, { event }),
  };
}

function adminUi(mode) {
  return async (io) => {
    const { instrument } = await import("@socket.io/admin-ui");
    instrument(io, { auth: false, mode });
  };
}

export const VARIANTS = {
  none: () => {},
  wsight: watched(1000),
  // A probe that has not adapted yet, or a server with less than 1,000 messages a second.
  "wsight, every message timed": watched(60_000),
  "prom-client": handWritten(promInstruments),
  "OpenTelemetry metrics": handWritten(otelInstruments),
  "admin-ui (production)": adminUi("production"),
  "admin-ui (development)": adminUi("development"),
};
