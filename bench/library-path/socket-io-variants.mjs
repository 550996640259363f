// The ways of watching a Socket.IO server that are compared. Each gets a server
// before its first connection.

import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { instrument } from "@socket.io/admin-ui";
import { createProbe } from "@wsight/probe";
import prom from "prom-client";

function watched(intervalMs) {
  return (io) => {
    createProbe({ intervalMs }).attach(io);
  };
}

/** What people write by hand: counters of messages and bytes with a label, in the catch-all listeners. */
function handWritten(counter, add) {
  return (io) => {
    const [messagesIn, messagesOut] = ["m_in", "m_out"].map(counter);
    io.on("connection", (socket) => {
      socket.onAny((event) => add(messagesIn, event));
      socket.onAnyOutgoing((event) => add(messagesOut, event));
    });
  };
}

const register = new prom.Registry();
const meter = new MeterProvider().getMeter("bench");

export const VARIANTS = {
  none: () => {},
  wsight: watched(1000),
  // A probe that has not adapted yet, or a server with less than 1,000 messages a second.
  "wsight, every message timed": watched(60_000),
  "prom-client": handWritten(
    (name) => new prom.Counter({ name, help: name, labelNames: ["event"], registers: [register] }),
    (counter, event) => counter.inc({ event }),
  ),
  "OpenTelemetry metrics": handWritten(
    (name) => meter.createCounter(name),
    (counter, event) => counter.add(1, { event }),
  ),
  "admin-ui (production)": (io) => instrument(io, { auth: false, mode: "production" }),
  "admin-ui (development)": (io) => instrument(io, { auth: false, mode: "development" }),
};
