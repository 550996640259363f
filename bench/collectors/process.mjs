// One process of the bench: idles, and reads the host as its variant says.
import { createProbe } from "@wsight/probe";
import { decodeProbeFrame, encodeLinkText } from "@wsight/protocol";

const [, , variant] = process.argv;
let rows = [];
let answers = 0;
let processes = 0;

/** A link to a hub that takes everything and keeps nothing. */
function start(options, asks) {
  const probe = createProbe({ service: "bench", ...options });
  let hear;
  probe.connect({
    send(message) {
      if (typeof message !== "string") return true;
      // Only what the bench prints is looked at: decoding is the hub's work.
      if (message.includes('"table":"collectors"')) rows = decodeProbeFrame(message).rows;
      if (message.includes('"type":"answer"')) {
        answers++;
        processes = JSON.parse(message).answer.total;
      }
      return true;
    },
    onFrame(listener) {
      hear = listener;
    },
    close() {},
  });
  if (!asks) return;
  const query = { sort: "cpu", offset: 0, limit: 100, search: "" };
  let id = 0;
  setInterval(() => hear({ type: "request", id: ++id, ask: { kind: "processes", query } }), 1000);
}

const VARIANTS = {
  control() {},
  "without the host": () => start({ hostSource: "none" }, false),
  wsight: () => start({}, false),
  "wsight, process table": () => start({}, true),
  async systeminformation() {
    const { default: si } = await import("systeminformation");
    setInterval(async () => {
      const reads = [si.currentLoad(), si.mem(), si.fsStats(), si.disksIO(), si.networkStats("*")];
      encodeLinkText({ type: "bye", epoch: (await Promise.all(reads)).length });
    }, 1000);
  },
  async "systeminformation, process table"() {
    const { default: si } = await import("systeminformation");
    setInterval(async () => {
      processes = (await si.processes()).all;
      answers++;
    }, 1000);
  },
};
await VARIANTS[variant]();
// Keeps the process, as an application's server would.
setInterval(() => undefined, 60_000);
process.on("message", () => process.send({ rows, answers, processes }));
process.on("disconnect", () => process.exit());
process.send("ready");
