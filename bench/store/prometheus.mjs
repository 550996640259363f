import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ByteWriter } from "@wsight/protocol";
import { bytesIn } from "./cost.mjs";

/** Prometheus: remote write, as its own senders do it; its bytes are those of a snapshot, where all is in blocks. */
export const PROMETHEUS = {
  name: "Prometheus",
  program: "/usr/bin/prometheus",
  flags(dir, port) {
    const configuration = join(dir, "prometheus.yml");
    writeFileSync(configuration, "");
    return [
      `--storage.tsdb.path=${dir}`,
      `--config.file=${configuration}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
      "--web.enable-admin-api",
      "--storage.tsdb.retention.time=400d",
      "--query.lookback-delta=10s",
      "--log.level=error",
    ];
  },
  ready: "/-/ready",
  *encode(chunk, startAt) {
    const headers = {
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
    };
    for (let from = 0; from < chunk.length; from += 500) {
      const series = chunk.slice(from, from + 500).map(([labels, values]) => seriesOf(labels, values, startAt));
      yield { path: "/api/v1/write", headers, body: snappy(joined(series.map((bytes) => field(1, bytes)))) };
    }
  },
  async settle() {},
  async bytes(url, dir) {
    const reply = await fetch(`${url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
    const { data } = await reply.json();
    const snapshot = join(dir, "snapshots", data.name);
    const bytes = bytesIn(snapshot);
    rmSync(snapshot, { recursive: true });
    return bytes;
  },
};

function seriesOf(labels, values, startAt) {
  const writer = new ByteWriter(values.length * 18 + 256);
  for (const name of Object.keys(labels).sort()) {
    const [key, value] = [Buffer.from(name), Buffer.from(labels[name])];
    writer.bytes(field(1, joined([field(1, key), field(2, value)])));
  }
  values.forEach((value, i) => {
    const sample = new ByteWriter(24);
    sample.u8(0x09);
    sample.f64(value);
    sample.u8(0x10);
    sample.varint(startAt + i * 1_000);
    writer.bytes(field(2, sample.finish()));
  });
  return writer.finish();
}

/** A length-delimited field of a Protocol Buffers message. */
function field(number, bytes) {
  const writer = new ByteWriter(bytes.length + 6);
  writer.u8((number << 3) | 2);
  writer.block(bytes);
  return writer.finish();
}

function joined(parts) {
  return new Uint8Array(Buffer.concat(parts));
}

/** Snappy's block form with the whole as one literal: what the sender saves must not be told as the receiver's. */
function snappy(bytes) {
  const writer = new ByteWriter(bytes.length + 16);
  writer.varint(bytes.length);
  writer.u8(62 << 2);
  for (let shift = 0; shift < 24; shift += 8) writer.u8(((bytes.length - 1) >>> shift) & 0xff);
  writer.bytes(bytes);
  return writer.finish();
}
