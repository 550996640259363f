import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { WsightError } from "@wsight/protocol";
import type { ChildRestart } from "../../child-link.ts";
import type { OnHubError } from "../../errors.ts";
import { LateLink } from "../../keeping/late-link.ts";
import { placeOf } from "../../sql/place.ts";
import { createAddressGuard } from "../notify/address/address-guard.ts";
import { CommitQueue } from "./commit-queue.ts";
import type { AlertBook, AlertDesk, DeskStatus } from "./desk.ts";
import { createDeskLink, type DeskLink } from "./process/desk-link.ts";
import type { DeskCall, DeskCalls, DeskEvent, DeskFigures, DeskProcessOptions } from "./process/messages.ts";
import { sealingKey } from "./sealing.ts";
import { ALERTS_FILE } from "./tables/alerts-file.ts";

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

class LinkedDesk implements ProcessDesk {
  readonly #options: AlertDeskOptions;
  readonly #commits = new CommitQueue((commit) => this.#call("commit", [commit]).then(() => undefined));
  readonly #link: LateLink<DeskCalls, DeskEvent>;
  /** What was kept is gone; said until somebody sets up a channel. */
  #loss: string | null = null;
  #figures: DeskFigures = NOTHING;
  /** Of the tables, as far as changes of this hub and the newest `load` explain it. */
  #known = 0;
  #revision = 0;

  constructor(options: AlertDeskOptions) {
    this.#options = options;
    const { dataDir, store } = options;
    this.#link = new LateLink({
      what: "alerts",
      name: "the alert desk",
      isThere: store !== undefined || (dataDir !== null && existsSync(join(dataDir, ALERTS_FILE))),
      start: (hear) => this.#start(hear),
      hear: (event) => this.#hear(event),
      onError: (error) => options.onError(error, { stage: "alerts" }),
    });
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  get revision(): number {
    return this.#revision;
  }

  status(): DeskStatus {
    const { queued, dead, channels } = this.#figures;
    return {
      state: this.#link.state,
      queued: queued + this.#commits.waiting,
      dead,
      dropped: this.#commits.dropped,
      lastError: this.#link.problem ?? this.#loss,
      channels,
    };
  }

  async load(): Promise<AlertBook> {
    if (!this.#link.isThere) return EMPTY;
    await this.#link.dueAt;
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
    this.#link.isThere
      ? this.#call("episode", [id])
      : Promise.reject(new WsightError("NOT_FOUND", `episode ${id}: there is none`));

  close(): Promise<void> {
    return this.#link.close(() => this.#commits.close());
  }

  #ask<Call extends DeskCall>(
    call: Call,
    argument: DeskCalls[Call]["argument"],
    empty: DeskCalls[Call]["answer"],
  ): Promise<DeskCalls[Call]["answer"]> {
    return this.#link.isThere ? this.#call(call, argument) : Promise.resolve(empty);
  }

  async #call<Call extends DeskCall>(
    call: Call,
    argument: DeskCalls[Call]["argument"],
  ): Promise<DeskCalls[Call]["answer"]> {
    // Tests of channels take longer.
    const answer = await this.#link.call(call, argument, call !== "testChannel");
    if (call === "saveChannel") this.#loss = null;
    return answer;
  }

  async #start(hear: (event: DeskEvent | ChildRestart) => void): Promise<DeskLink> {
    const { dataDir, store, secret, instance, notifyHosts = [] } = this.#options;
    const options: DeskProcessOptions = {
      tables: await placeOf(dataDir, store),
      key: sealingKey(secret),
      instance,
      notifyHosts,
      dataDir: dataDir === null ? null : resolve(dataDir),
    };
    return createDeskLink(options, hear);
  }

  #hear(event: DeskEvent): void {
    switch (event.type) {
      case "status":
        this.#figures = event.figures;
        this.#link.well();
        // Another hub of the same database changed something.
        if (event.revision > this.#known) this.#known = this.#revision = event.revision;
        return;
      case "changed":
        if (event.revision === this.#known + 1) this.#known = event.revision;
        return;
      case "set-aside":
        this.#beginAnew(
          event.movedTo === null ? event.reason : `what was damaged is now ${event.movedTo} (${event.reason})`,
        );
        return;
      case "trouble":
        this.#link.trouble(event.reason);
    }
  }

  /** Who knows what was there loads what is there now: channels that nobody can be told through must not be shown. */
  #beginAnew(reason: string): void {
    this.#known = 0;
    this.#revision = Math.min(0, this.#revision) - 1;
    this.#loss = `Alerts began anew, and channels are to be set up again: ${reason}`;
    this.#link.tell(reason);
  }
}
