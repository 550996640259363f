// The ways of watching an echo server that are compared. Each attaches itself,
// answers every message with `echo(text)`, and returns how to close it.

import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { instrument } from "@socket.io/admin-ui";
import prom from "prom-client";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { monitor } from "wsight";

const QUIET = { port: 0, data: null, quiet: true, service: "bench" };

function wsEcho(server, echo, around = { connection() {}, received() {}, handled() {}, sent() {} }) {
  const wss = new WebSocketServer({ server });
  wss.on("connection", (ws) => {
    around.connection(ws);
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
  const io = new Server(server, { cors: { origin: "https://admin.socket.io", credentials: true } });
  io.on("connection", (socket) => {
    socket.on("echo", (text) => {
      socket.emit("echo", echo(text));
    });
  });
  return io;
}

function promInstruments() {
  const register = new prom.Registry();
  const counter = (name) => new prom.Counter({ name, help: name, labelNames: ["event"], registers: [register] });
  return {
    messagesIn: counter("messages_in_total"),
    messagesOut: counter("messages_out_total"),
    bytesIn: counter("bytes_in_total"),
    bytesOut: counter("bytes_out_total"),
    duration: new prom.Histogram({ name: "duration_seconds", help: "d", labelNames: ["event"], registers: [register] }),
  };
}

function otelInstruments() {
  const meter = new MeterProvider().getMeter("bench");
  return {
    messagesIn: meter.createCounter("messages_in"),
    messagesOut: meter.createCounter("messages_out"),
    bytesIn: meter.createCounter("bytes_in"),
    bytesOut: meter.createCounter("bytes_out"),
    duration: meter.createHistogram("duration"),
  };
}

/** What people write by hand around `ws`: four counters and a histogram, a label each. */
function handWritten(add, observe, m) {
  return {
    connection() {},
    received(data) {
      add(m.messagesIn, 1);
      add(m.bytesIn, data.length);
      return performance.now();
    },
    sent(reply) {
      add(m.messagesOut, 1);
      add(m.bytesOut, Buffer.byteLength(reply));
    },
    handled(begin) {
      observe(m.duration, (performance.now() - begin) / 1000);
    },
  };
}

const promAround = () =>
  handWritten(
    (c, n) => c.inc({ event: "echo" }, n),
    (h, v) => h.observe({ event: "echo" }, v),
    promInstruments(),
  );
const otelAround = () =>
  handWritten(
    (c, n) => c.add(n, { event: "echo" }),
    (h, v) => h.record(v, { event: "echo" }),
    otelInstruments(),
  );

/** The same around Socket.IO, by its catch-all listeners. */
function watchEvents(io, add, observe, m) {
  io.on("connection", (socket) => {
    socket.onAny((event, text) => {
      add(m.messagesIn, event, 1);
      add(m.bytesIn, event, text.length);
    });
    socket.onAnyOutgoing((event, text) => {
      add(m.messagesOut, event, 1);
      observe(m.duration, event, text.length);
    });
  });
}

export const VARIANTS = {
  ws: {
    none: (server, echo) => void wsEcho(server, echo),
    wsight: async (server, echo) => {
      const w = await monitor({ wss: wsEcho(server, echo) }, QUIET);
      return () => w.close();
    },
    "prom-client": (server, echo) => void wsEcho(server, echo, promAround()),
    "OpenTelemetry metrics": (server, echo) => void wsEcho(server, echo, otelAround()),
  },
  "socket.io": {
    none: (server, echo) => void ioEcho(server, echo),
    wsight: async (server, echo) => {
      const w = await monitor({ io: ioEcho(server, echo) }, QUIET);
      return () => w.close();
    },
    "prom-client": (server, echo) => {
      const m = promInstruments();
      watchEvents(
        ioEcho(server, echo),
        (c, event, n) => c.inc({ event }, n),
        (h, event, v) => h.observe({ event }, v),
        m,
      );
    },
    "OpenTelemetry metrics": (server, echo) => {
      const m = otelInstruments();
      watchEvents(
        ioEcho(server, echo),
        (c, event, n) => c.add(n, { event }),
        (h, event, v) => h.record(v, { event }),
        m,
      );
    },
    "admin-ui (production)": (server, echo) => {
      instrument(ioEcho(server, echo), { auth: false, mode: "production" });
    },
    "admin-ui (development)": (server, echo) => {
      instrument(ioEcho(server, echo), { auth: false, mode: "development" });
    },
  },
};
