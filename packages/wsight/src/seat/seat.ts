import { setTimeout as wait } from "node:timers/promises";
import type { HubOptions } from "@wsight/hub";
import type { RemoteLinkState } from "@wsight/probe";
import { type WelcomeFrame, WsightError } from "@wsight/protocol";
import type { Announcer } from "../announcer.ts";
import type { HubEvent } from "../hub-supervisor.ts";
import { hubRefuses, hubUnsettled, portInUse } from "./errors.ts";
import { type HubPort, httpUrl } from "./hub-address.ts";
import { inheritDataDir } from "./inherit.ts";
import { createLinkReport, type LinkReport } from "./link-report.ts";
import type { MachineIdentity } from "./machine-identity.ts";
import { joinHub, type Membership, type MembershipParts } from "./membership.ts";
import { createOwnHub, type OwnHub, type OwnHubParts } from "./own-hub.ts";
import { lookAtPort } from "./port-holder.ts";
import { reservePort } from "./reservation.ts";

/** How long a process may take to find its place, ms. */
const START_MS = 15_000;
/** How long a hub may take to welcome a process that joins it, ms. */
const JOIN_MS = 5000;
/** Times a process may lose the port to another just when it was to listen, before it says so. */
const MAX_LOST_RACES = 3;
/** The heir's tries to get the port its hub has just let go of, ms. */
const PATIENCE_MS = 300;
/**
 * Who was starting a hub has let go of the port for it, ms: whoever took it now would make both load in vain, and of
 * many that start at once on a busy machine each would take it from the next.
 */
const HANDOVER_MS = 1500;
/** Nobody else takes over before the heir has had this long, ms; half as much again by chance. */
const COLD_MS = 350;
/** A hub that runs for itself is started again by whoever looks after it; this long it is waited for, ms. */
const STANDALONE_MS = 20_000;
/** Longest pause between two looks whether the port is free, ms. */
const LONGEST_COLD_MS = 5000;
/** An orphan that has waited this long, ms, tells so… */
const REPORT_MS = 2000;
/** …and knocks less often after this, ms. */
const PATIENT_AFTER_MS = 10_000;
/** What a seat is made from. */
export interface SeatParts extends OwnHubParts {
  readonly probe: NonNullable<OwnHubParts["probe"]>;
  readonly hub: HubOptions & HubPort;
  /** For a hub of another user; `null` proves with the machine key who this is. */
  readonly token: string | null;
  readonly machine: MachineIdentity;
  readonly announcer: Announcer | null;
}

/** The place of this process among those of its machine. */
export interface Seat {
  /** Where the hub is, `http://127.0.0.1:4700`, whichever process runs it. */
  readonly url: string;
  /** That address while the hub is known to be there; `null` while somebody else might be. */
  readonly provenUrl: string | null;
  /** Code of the one-time link; `null` while the hub runs in another process. */
  readonly code: string | null;
  /** Leaves; a hub that runs here says goodbye, so that its heir takes over at once. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Finds the place of this process among those of its machine that share a port:
 *
 * - *starting*: looks at the port. Nobody there: reserves it, loads a hub in a
 *   worker thread, lets it listen, and is *hub*. A hub there: links to it and
 *   is *member*. Somebody starting one: looks again. Anybody else: fails, and
 *   says what to do.
 * - *hub*: the worker listens, the probe is linked to it by a port. Should the
 *   worker die and another process have the port before it is back: *orphan*.
 * - *member*: the probe is linked by WebSocket. The hub tells one member that
 *   it is the heir; that one keeps a worker that is ready to listen.
 *   Link lost → *orphan*.
 * - *orphan*: the heir gives up its link and listens at once → *hub*, or back
 *   to *orphan* without being the heir when somebody else has the port. The
 *   others knock, in short random pauses; welcomed → *member*. Who is not
 *   welcomed by the time the heir had looks whether the port is free, reserves
 *   it as at the start, and becomes *hub* in its stead. Only binding the port
 *   decides, so there is never more than one.
 * - *closed*: for good.
 *
 * Port 0 is nobody else's: such a process is *hub* from the start. Processes
 * find each other by the port alone; nothing of a cluster's or a process
 * manager's own channels is used.
 * @throws WsightError `LISTEN_FAILED`, `BAD_OPTION`
 */
export async function takeSeat(parts: SeatParts): Promise<Seat> {
  const seat = new MachineSeat(parts);
  await seat.start();
  return seat;
}

class MachineSeat implements Seat {
  readonly #parts: SeatParts;
  readonly #address: HubPort;
  readonly #report: LinkReport;
  #phase: "starting" | "hub" | "member" | "orphan" | "closed" = "starting";
  #url: string;
  /** Running here, or about to. */
  #own: OwnHub | null = null;
  /** It listens, as far as is known. */
  #isUp = false;
  /** Loaded, to take over; `null` unless this process is the heir. */
  #standby: Promise<OwnHub | null> | null = null;
  #membership: Membership | null = null;
  /** Where the hub that was heard of last keeps its history. */
  #told: string | null = null;
  /** That hub runs for itself. */
  #standalone = false;
  #orphanSince = 0;
  #coldWaitMs = 0;
  #coldTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: SeatParts) {
    this.#parts = parts;
    this.#address = { host: parts.hub.host, port: parts.hub.port };
    this.#url = httpUrl(this.#address);
    this.#report = createLinkReport({
      url: this.#url,
      patienceMs: REPORT_MS,
      onLost: (error) => parts.onError(error, { stage: "link", source: "hub" }),
      onFound: () => parts.announcer?.say("hub", `found again at ${this.#url}`),
    });
  }

  get url(): string {
    return this.#url;
  }

  get provenUrl(): string | null {
    return this.#phase === "member" || (this.#phase === "hub" && this.#isUp) ? this.#url : null;
  }

  get code(): string | null {
    return this.#own?.code ?? null;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async start(): Promise<void> {
    // What is waited for below keeps no process alive by itself.
    const hold = setTimeout(() => undefined, START_MS + JOIN_MS);
    try {
      await this.#settle();
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      clearTimeout(hold);
    }
  }

  async #settle(): Promise<void> {
    const deadline = performance.now() + START_MS;
    if (this.#address.port === 0) {
      await this.#lead(this.#createHub(this.#parts.hub.dataDir), {});
      return;
    }
    let races = 0;
    let startingAt = -HANDOVER_MS;
    while (performance.now() < deadline && this.#phase === "starting") {
      const holder = await lookAtPort(this.#address);
      if (holder === "stranger") throw portInUse(this.#address);
      if (holder === "hub" && (await this.#join())) return;
      if (holder === "starting") startingAt = performance.now();
      if (holder === "nobody" && performance.now() - startingAt >= HANDOVER_MS) {
        const outcome = await this.#found();
        if (outcome === "hub") return;
        if (outcome === "lost" && ++races > MAX_LOST_RACES) throw portInUse(this.#address);
      }
      await wait(30 + Math.random() * 50);
    }
    throw hubUnsettled(this.#address);
  }

  /** Becomes the hub of a port that nobody has: `taken` before anything was loaded, `lost` when it was. */
  async #found(changes: { readonly succeeds?: boolean } = {}): Promise<"hub" | "taken" | "lost"> {
    const reservation = await reservePort(this.#address);
    if (reservation === "taken") return "taken";
    try {
      const own = this.#createHub(await inheritDataDir(this.#told, this.#parts.hub.dataDir ?? null));
      this.#own = own;
      this.#leave();
      if (reservation !== null) {
        await own.prepare();
        await reservation.release();
      }
      await this.#lead(own, reservation === null ? changes : { ...changes, portPatienceMs: PATIENCE_MS });
      return "hub";
    } catch (error) {
      this.#own = null;
      if (reservation !== null && isListenFailure(error)) return "lost";
      throw error;
    } finally {
      await reservation?.release();
    }
  }

  #createHub(dataDir: string | null | undefined): OwnHub {
    const { hub, machine } = this.#parts;
    // Without a key that others share, the hub has its own.
    const { newest } = machine;
    const keys = "key" in newest ? { machineKey: newest.key, machineKeyDir: newest.dir } : {};
    const own: OwnHub = createOwnHub(this.#parts, { ...hub, ...keys, dataDir: dataDir ?? null }, (event) => {
      if (this.#own === own) this.#heardOfHub(event);
    });
    return own;
  }

  async #lead(own: OwnHub, changes: Parameters<OwnHub["start"]>[0]): Promise<void> {
    this.#own = own;
    try {
      const { url } = await own.start(changes);
      this.#url = url;
      this.#isUp = true;
      this.#enter("hub");
    } catch (error) {
      this.#own = null;
      throw error;
    }
  }

  #heardOfHub(event: HubEvent): void {
    const { announcer } = this.#parts;
    this.#isUp = event.type === "up";
    if (event.type === "up") announcer?.runsAgain(event.address.url, event.restarts);
    if (event.type !== "ousted") return;
    this.#own = null;
    this.#orphan();
    announcer?.say("hub", `runs in another process now, at ${this.#url}`);
  }

  /** Links to the hub that is there; false when it goes away over it. @throws WsightError `LISTEN_FAILED` */
  async #join(): Promise<boolean> {
    const { machine, token, announcer } = this.#parts;
    const { newest } = machine;
    if (token === null && "problem" in newest) throw hubRefuses(this.#address, newest.problem, false);
    const outcome = await new Promise<RemoteLinkState | "welcome" | "late">((resolve) => {
      setTimeout(resolve, JOIN_MS, "late").unref();
      this.#link("quick", {
        onWelcome: () => resolve("welcome"),
        onState: (state) => {
          if (state.phase === "waiting") resolve(state);
        },
      });
    });
    if (outcome === "welcome") {
      announcer?.say("hub", `joined the hub at ${this.#url}`);
      return true;
    }
    this.#leave();
    if (outcome !== "late" && outcome.refused)
      throw hubRefuses(this.#address, outcome.lastError ?? "refused", token !== null);
    return false;
  }

  #link(pace: Membership["pace"], first?: Pick<MembershipParts, "onState"> & { readonly onWelcome: () => void }): void {
    const { probe, token, machine } = this.#parts;
    this.#leave();
    this.#membership = joinHub({
      probe,
      url: this.#url,
      token,
      machine,
      pace,
      onWelcome: (welcome) => {
        this.#welcomed(welcome);
        first?.onWelcome();
      },
      onState: (state) => {
        if (this.#phase === "starting") first?.onState(state);
        else this.#linkChanged(state);
      },
    });
  }

  #leave(): void {
    this.#membership?.leave();
    this.#membership = null;
  }

  #welcomed({ heir, dataDir, standalone = false }: WelcomeFrame): void {
    this.#enter("member");
    this.#standalone = standalone;
    // A hub of another user could name a directory whose secret it knows.
    if (this.#parts.token !== null) return;
    this.#told = dataDir;
    if (heir) this.#standby ??= this.#prepare(dataDir);
    else this.#stepDown();
  }

  /** Resolves with a hub that will listen as soon as it is told, `null` when there can be none. */
  async #prepare(told: string | null): Promise<OwnHub | null> {
    const dataDir = await inheritDataDir(told, this.#parts.hub.dataDir ?? null);
    const own = this.#createHub(dataDir);
    own.prepare(true).catch(() => undefined);
    return own;
  }

  #stepDown(): void {
    void this.#standby?.then((own) => own?.close());
    this.#standby = null;
  }

  #linkChanged(state: RemoteLinkState): void {
    this.#report.hear(state);
    if (state.phase !== "waiting") return;
    if (this.#phase === "member") {
      const standby = this.#standby;
      this.#standby = null;
      this.#enter("orphan");
      if (standby !== null) void this.#takeOver(standby);
      else if (this.#membership?.pace === "patient") this.#orphan();
      else this.#waitForOthers();
      return;
    }
    if (this.#membership?.pace === "quick" && performance.now() - this.#orphanSince > PATIENT_AFTER_MS)
      this.#link("patient");
  }

  async #takeOver(standby: Promise<OwnHub | null>): Promise<void> {
    this.#leave();
    try {
      const own = await standby;
      if (own === null || this.#phase !== "orphan") await own?.close();
      else {
        await this.#lead(own, { succeeds: true, portPatienceMs: PATIENCE_MS });
        this.#announceTakeOver();
        return;
      }
    } catch (error) {
      if (!isListenFailure(error) && !this.#isClosed)
        this.#parts.onError(error, { stage: "hub-worker", source: "hub" });
    }
    this.#orphan();
  }

  /** Knocks at the hub that is there now, and takes its place if there is none. */
  #orphan(): void {
    if (this.#isClosed) return;
    this.#enter("orphan");
    this.#link("quick");
    this.#waitForOthers();
  }

  #waitForOthers(): void {
    this.#coldWaitMs = this.#standalone ? STANDALONE_MS : COLD_MS;
    this.#scheduleCold();
  }

  #scheduleCold(): void {
    clearTimeout(this.#coldTimer);
    this.#coldTimer = setTimeout(() => void this.#goCold(), this.#coldWaitMs * (1 + Math.random() / 2));
    this.#coldTimer.unref();
    this.#coldWaitMs = Math.max(COLD_MS, Math.min(LONGEST_COLD_MS, this.#coldWaitMs * 1.5));
  }

  async #goCold(): Promise<void> {
    if (this.#phase !== "orphan") return;
    try {
      if ((await this.#found({ succeeds: true })) === "hub") {
        this.#announceTakeOver();
        return;
      }
    } catch (error) {
      if (!this.#isClosed) this.#parts.onError(error, { stage: "hub-worker", source: "hub" });
    }
    if (this.#phase !== "orphan") return;
    if (this.#membership === null) this.#link("quick");
    this.#scheduleCold();
  }

  #announceTakeOver(): void {
    const { announcer } = this.#parts;
    announcer?.say("hub", `runs in this process now, at ${this.#url}`);
    announcer?.open(`${this.#url}/dashboard#code=${this.code}`);
  }

  get #isClosed(): boolean {
    return this.#phase === "closed";
  }

  #enter(phase: "hub" | "member" | "orphan"): void {
    if (this.#isClosed) return;
    if (phase === "orphan" && this.#phase !== "orphan") this.#orphanSince = performance.now();
    if (phase !== "orphan") clearTimeout(this.#coldTimer);
    if (phase === "hub") this.#report.hear({ phase: "open", lastError: null });
    this.#phase = phase;
  }

  async #close(): Promise<void> {
    this.#phase = "closed";
    clearTimeout(this.#coldTimer);
    this.#report.close();
    this.#leave();
    this.#stepDown();
    await this.#own?.close();
  }
}

function isListenFailure(error: unknown): boolean {
  return error instanceof WsightError && error.code === "LISTEN_FAILED";
}
