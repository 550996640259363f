import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProbe, type Probe } from "@wsight/probe";
import type { HttpFigures, HttpSubject } from "@wsight/testkit";
import { createRecordingLink, type RecordingLink } from "./recording-link.ts";

/** A probe that reads often, and what it tells. */
export interface Watching {
  readonly probe: Probe;
  readonly link: RecordingLink;
  readonly figures: HttpFigures;
  readonly faults: unknown[];
}

/** Creates a probe with a link that keeps what it tells. */
export function createWatching(): Watching {
  const faults: unknown[] = [];
  const probe = createProbe({
    intervalMs: 100,
    mediumIntervalMs: 100,
    slowIntervalMs: 100,
    onError: (error) => faults.push(error),
  });
  const link = createRecordingLink();
  const texts: string[] = [];
  probe.connect({
    ...link,
    send(message) {
      if (typeof message === "string") texts.push(message);
      return link.send(message);
    },
  });
  return { probe, link, faults, figures: { ...link, sentText: () => texts.join("\n") } };
}

/** Puts an application under the contract together. */
export async function createSubject(parts: {
  readonly server: Server;
  readonly target: object;
  readonly touched?: readonly object[];
  readonly watch: "before routes" | "after listen" | "never";
  readonly addRoutes: () => unknown;
  readonly listen: () => unknown;
  readonly close?: () => unknown;
}): Promise<HttpSubject> {
  const { server, target, touched = [], watch, addRoutes, listen, close } = parts;
  const { probe, figures, faults } = createWatching();
  const attachments = watch === "before routes" ? [probe.attach(target)] : [];
  await addRoutes();
  await listen();
  if (watch === "after listen") attachments.push(probe.attach(target));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    figures,
    touched: [server, target, ...touched],
    watchAgain: () => void attachments.push(probe.attach(target)),
    detach() {
      for (const attachment of attachments) attachment.detach();
    },
    async close() {
      probe.close();
      server.closeAllConnections();
      server.close();
      await close?.();
      if (faults.length > 0) throw new AggregateError(faults, "faults of the probe");
    },
  };
}

/** Lets a server listen on loopback. */
export async function listening(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

/** A certificate for `localhost` that nobody trusts. */
export function makeCertificate(): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "wsight-certificate-"));
  try {
    const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", ["req", "-x509", ...kind, ...files, "-subj", "/CN=localhost"], { stdio: "ignore" });
    return { key: readFileSync(join(folder, "key.pem"), "utf8"), cert: readFileSync(join(folder, "cert.pem"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
