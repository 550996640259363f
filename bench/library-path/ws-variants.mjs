// The ways of watching a ws server that are compared. Each gets a server and
// returns what to call around a message that its handler echoes.

import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { createProbe } from "@wsight/probe";
import prom from "prom-client";

const NOTHING = { received: () => 0, sent() {}, handled() {} };

function watched(intervalMs) {
  return (wss) => {
    createProbe({ intervalMs }).attach(wss);
    return NOTHING;
  };
}

/** What people write by hand around `ws`: four counters and a histogram, a label each. */
function handWritten(make, add, observe) {
  return () => {
    const [messagesIn, messagesOut, bytesIn, bytesOut] = ["m_in", "m_out", "b_in", "b_out"].map(make.counter);
    const duration = make.histogram("duration");
    return {
      received(data) {
        add(messagesIn, 1);
        add(bytesIn, data.length);
        return performance.now();
      },
      sent(reply) {
        add(messagesOut, 1);
        add(bytesOut, Buffer.byteLength(reply));
      },
      handled(begin) {
        observe(duration, (performance.now() - begin) / 1000);
      },
    };
  };
}

const register = new prom.Registry();
const shape = (name) => ({ name, help: name, labelNames: ["event"], registers: [register] });
const meter = new MeterProvider().getMeter("bench");

export const VARIANTS = {
  none: () => NOTHING,
  wsight: watched(1000),
  // A probe that has not adapted yet, or a server with less than 1,000 messages a second.
  "wsight, every message timed": watched(60_000),
  "prom-client": handWritten(
    { counter: (name) => new prom.Counter(shape(name)), histogram: (name) => new prom.Histogram(shape(name)) },
    (counter, n) => counter.inc({ event: "echo" }, n),
    (histogram, value) => histogram.observe({ event: "echo" }, value),
  ),
  "OpenTelemetry metrics": handWritten(
    { counter: (name) => meter.createCounter(name), histogram: (name) => meter.createHistogram(name) },
    (counter, n) => counter.add(n, { event: "echo" }),
    (histogram, value) => histogram.record(value, { event: "echo" }),
  ),
};
