import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { WsightError } from "@wsight/protocol";
import type { ChildRestart } from "../../child-link.ts";
import type { OnHubError } from "../../errors.ts";
import { placeOf } from "../../sql/place.ts";
import { createAddressGuard } from "../notify/address/address-guard.ts";
import { CommitQueue } from "./commit-queue.ts";
import type { AlertBook, AlertDesk, DeskStatus } from "./desk.ts";
import { createDeskLink, type DeskLink } from "./process/desk-link.ts";
import type { DeskCall, DeskCalls, DeskEvent, DeskFigures, DeskProcessOptions } from "./process/messages.ts";
import { sealingKey } from "./sealing.ts";
import { ALERTS_FILE } from "./tables/alerts-file.ts";

/** What is there already is opened this long after the start, ms: probes and viewers come first. */
const OPEN_AFTER_MS = 250;
/** A call that was not answered by then is told as a failure, ms; its answer still counts. Tests of channels take longer. */
const SILENT_MS = 10_000;
/** How long the end waits for what is to be kept, ms; then the process is told to end with what it has. */
const CLOSE_PATIENCE_MS = 3_000;

/** Where alerts are kept, and as whom notices are sent. */
export interface AlertDeskOptions {
  /** The hub's data directory; `null` keeps alerts in memory, unless there is a `store`. */
  readonly dataDir: string | null;
  /** Address of a PostgreSQL, whose rules, silences, channels and routes all its hubs share. @default `<dataDir>/alerts.db` */
  readonly store?: string | undefined;
  /** The hub's secret: what secrets of channels are encrypted with is made from it. */
  readonly secret: string;
  /** Name of this hub in notices; unique among hubs that tell the same people. */
  readonly instance: string;
  /** Private hosts that channels may reach: host, `host:port` or CIDR. @default none */
  readonly notifyHosts?: readonly string[] | undefined;
  /** Told, with stage `alerts`, of what no caller waits for. */
  readonly onError: OnHubError;
}

/** A desk, with what tests and the doctor look at. */
export interface ProcessDesk extends AlertDesk {
  /** Id of its process; `null` while there is none. */
  readonly pid: number | null;
}

/**
 * Makes the desk of a hub. Its process is started when there is something to
 * open (250 ms after the start), or at the first commit or change; until then
 * everything is answered as empty, and nothing is written anywhere.
 * @throws WsightError `BAD_OPTION` for hosts that are none
 */
export function createAlertDesk(options: AlertDeskOptions): ProcessDesk {
  createAddressGuard(options.notifyHosts ?? []);
  return new LinkedDesk(options);
}

const EMPTY: AlertBook = {
  rules: [],
  instances: [],
  episodes: [],
  silences: [],
  channels: [],
  route: null,
  inhibitions: null,
  revision: 0,
};
const NOTHING: DeskFigures = { queued: 0, dead: 0, channels: {} };

/**
 * *Off*: no process. A call that keeps something, or the timer where there is
 * something to open, leads to *opening*; the first answer to *ok*. A call that
 * can't be done, or a process that ended, leads to *failing*, and the next
 * success back to *ok*. `close` ends all.
 */
class LinkedDesk implements ProcessDesk {
  readonly #options: AlertDeskOptions;
  readonly #commits = new CommitQueue((commit) => this.#call("commit", [commit]).then(() => undefined));
  /** True when there is something to open. */
  readonly #expected: boolean;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when it is time to open what is there, or nothing is opened any more. */
  #dueAt: Promise<void> = Promise.resolve();
  #due: () => void = () => undefined;
  #link: Promise<DeskLink> | null = null;
  #running: DeskLink | null = null;
  #state: DeskStatus["state"] = "off";
  #lastError: string | null = null;
  /** What fails in the process beside the calls, until it says that it is well. */
  #trouble: string | null = null;
  /** What was kept is gone; said until somebody sets up a channel. */
  #loss: string | null = null;
  #figures: DeskFigures = NOTHING;
  /** Of the tables, as far as changes of this hub and the newest `load` explain it. */
  #known = 0;
  #revision = 0;
  #closing: Promise<void> | null = null;

  constructor(options: AlertDeskOptions) {
    this.#options = options;
    const { dataDir, store } = options;
    this.#expected = store !== undefined || (dataDir !== null && existsSync(join(dataDir, ALERTS_FILE)));
    if (!this.#expected) return;
    this.#state = "opening";
    this.#dueAt = new Promise((due) => {
      this.#due = due;
    });
    this.#timer = setTimeout(this.#due, OPEN_AFTER_MS).unref();
    void this.#dueAt.then(() => this.#open().catch(() => undefined));
  }

  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  get revision(): number {
    return this.#revision;
  }

  status(): DeskStatus {
    const { queued, dead, channels } = this.#figures;
    return {
      state: this.#trouble !== null && this.#state === "ok" ? "failing" : this.#state,
      queued: queued + this.#commits.waiting,
      dead,
      dropped: this.#commits.dropped,
      lastError: this.#lastError ?? this.#trouble ?? this.#loss,
      channels,
    };
  }

  async load(): Promise<AlertBook> {
    if (!this.#isThere) return EMPTY;
    await this.#dueAt;
    const book = await this.#call("load", []);
    this.#known = Math.max(this.#known, book.revision);
    this.#revision = Math.max(this.#revision, book.revision);
    return book;
  }

  commit: AlertDesk["commit"] = (commit) => this.#commits.add(commit);
  saveRule: AlertDesk["saveRule"] = (...argument) => this.#call("saveRule", argument);
  addRules: AlertDesk["addRules"] = (...argument) => this.#call("addRules", argument);
  deleteRule: AlertDesk["deleteRule"] = (...argument) => this.#call("deleteRule", argument);
  saveSilence: AlertDesk["saveSilence"] = (...argument) => this.#call("saveSilence", argument);
  deleteSilence: AlertDesk["deleteSilence"] = (...argument) => this.#call("deleteSilence", argument);
  saveChannel: AlertDesk["saveChannel"] = (...argument) => this.#call("saveChannel", argument);
  deleteChannel: AlertDesk["deleteChannel"] = (...argument) => this.#call("deleteChannel", argument);
  testChannel: AlertDesk["testChannel"] = (...argument) => this.#call("testChannel", argument);
  saveRoute: AlertDesk["saveRoute"] = (...argument) => this.#call("saveRoute", argument);
  saveInhibitions: AlertDesk["saveInhibitions"] = (...argument) => this.#call("saveInhibitions", argument);
  retry: AlertDesk["retry"] = (...argument) => this.#call("retry", argument);
  dismiss: AlertDesk["dismiss"] = (...argument) => this.#call("dismiss", argument);
  ruleVersions: AlertDesk["ruleVersions"] = (...argument) => this.#ask("ruleVersions", argument, []);
  episodes: AlertDesk["episodes"] = (...argument) => this.#ask("episodes", argument, { episodes: [], next: null });
  outbox: AlertDesk["outbox"] = (...argument) => this.#ask("outbox", argument, []);
  episode: AlertDesk["episode"] = (id) =>
    this.#isThere
      ? this.#call("episode", [id])
      : Promise.reject(new WsightError("NOT_FOUND", `episode ${id}: there is none`));

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  /** False while nothing was ever kept. */
  get #isThere(): boolean {
    return this.#expected || this.#link !== null;
  }

  #ask<Call extends DeskCall>(
    call: Call,
    argument: DeskCalls[Call]["argument"],
    empty: DeskCalls[Call]["answer"],
  ): Promise<DeskCalls[Call]["answer"]> {
    return this.#isThere ? this.#call(call, argument) : Promise.resolve(empty);
  }

  async #call<Call extends DeskCall>(
    call: Call,
    argument: DeskCalls[Call]["argument"],
  ): Promise<DeskCalls[Call]["answer"]> {
    const silence = call === "testChannel" ? undefined : this.#noteSilence();
    try {
      const answer = await (await this.#open()).call(call, argument);
      this.#state = "ok";
      this.#lastError = this.#trouble = null;
      if (call === "saveChannel") this.#loss = null;
      return answer;
    } catch (error) {
      if (!(error instanceof WsightError) || error.code === "STORE_UNAVAILABLE") this.#fail(error);
      throw error;
    } finally {
      clearTimeout(silence);
    }
  }

  /** A process that is stopped, or waits for a disk or a database that never answers, says nothing by itself. */
  #noteSilence(): NodeJS.Timeout {
    const told = `the alert desk has not answered for ${SILENT_MS / 1000} s`;
    return setTimeout(() => this.#fail(new Error(told)), SILENT_MS).unref();
  }

  #open(): Promise<DeskLink> {
    if (this.#closing !== null && this.#link === null) {
      return Promise.reject(new WsightError("STORE_UNAVAILABLE", "alerts: the desk is closed"));
    }
    clearTimeout(this.#timer);
    this.#due();
    if (this.#link === null) this.#state = "opening";
    this.#link ??= this.#start();
    return this.#link;
  }

  async #start(): Promise<DeskLink> {
    const { dataDir, store, secret, instance, notifyHosts = [] } = this.#options;
    const options: DeskProcessOptions = {
      tables: await placeOf(dataDir, store),
      key: sealingKey(secret),
      instance,
      notifyHosts,
      dataDir: dataDir === null ? null : resolve(dataDir),
    };
    this.#running = createDeskLink(options, (event) => this.#hear(event));
    return this.#running;
  }

  #hear(event: DeskEvent | ChildRestart): void {
    switch (event.type) {
      case "status":
        this.#figures = event.figures;
        this.#trouble = null;
        // Another hub of the same database changed something.
        if (event.revision > this.#known) this.#known = this.#revision = event.revision;
        return;
      case "changed":
        if (event.revision === this.#known + 1) this.#known = event.revision;
        return;
      case "restarting":
        this.#fail(new Error(event.reason));
        return;
      case "set-aside":
        this.#beginAnew(
          event.movedTo === null ? event.reason : `what was damaged is now ${event.movedTo} (${event.reason})`,
        );
        return;
      case "trouble":
        this.#trouble = event.reason;
        this.#tell(event.reason);
    }
  }

  /** Who knows what was there loads what is there now: channels that nobody can be told through must not be shown. */
  #beginAnew(reason: string): void {
    this.#known = 0;
    this.#revision = Math.min(0, this.#revision) - 1;
    this.#loss = `Alerts began anew, and channels are to be set up again: ${reason}`;
    this.#tell(reason);
  }

  #fail(error: unknown): void {
    this.#state = "failing";
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#lastError) this.#tell(reason);
    this.#lastError = reason;
  }

  #tell(reason: string): void {
    this.#options.onError(new Error(reason.startsWith("alerts") ? reason : `alerts: ${reason}`), { stage: "alerts" });
  }

  async #shutDown(): Promise<void> {
    clearTimeout(this.#timer);
    this.#due();
    const link = await this.#link?.catch(() => null);
    const late = setTimeout(() => void link?.close(), CLOSE_PATIENCE_MS);
    await this.#commits.close();
    clearTimeout(late);
    await link?.close();
    this.#state = "off";
  }
}
