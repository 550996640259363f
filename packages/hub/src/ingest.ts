import {
  decodeProbeFrame,
  expected,
  type HelloFrame,
  type HistoryEvent,
  type HubFrame,
  type JobsFrame,
  LINK_VERSION,
  type LinkMessage,
  type NamesFrame,
  type ProbeFrame,
  type SnapshotFrame,
  WsightError,
} from "@wsight/protocol";
import type { QueueScope } from "./access/queue-scope.ts";
import type { AskLink, Asks } from "./asks.ts";
import type { Clock } from "./clock.ts";
import type { NodeWriter } from "./current/nodes.ts";
import type { Tracked } from "./current/tracked.ts";
import type { Current } from "./current.ts";
import { createEventIntakes, type EventIntake } from "./event-intake.ts";
import type { Heirs } from "./heir.ts";
import { createJobIntakes, type JobIntake, type OnJobs } from "./job-intake.ts";
import { QueueFence } from "./queue-fence.ts";

/** A link is asked to say everything again at most this often. */
const RESYNC_EVERY_MS = 1000;

/** What the name of a service or process may not hold: it would look like another one. */
const UNFIT = /[/\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** How ingest is set up. */
export interface IngestOptions {
  readonly current: Current;
  readonly clock: Clock;
  /** Told which links can be asked, and what they answer. @default nobody asks anything */
  readonly asks?: Pick<Asks, "linked">;
  /** What probes are told first. @default nothing */
  readonly welcome?: Welcome;
  /** `service/instance` that the hub's own figures come under: no probe may take it. @default none is kept free */
  readonly ownNode?: string;
  /** Gets what probes tell of events, in the hub's time; must not throw. @default nobody */
  readonly onEvents?: (events: readonly HistoryEvent[]) => void;
  /** Gets what probes tell of jobs. @default nobody, and nothing of it is acknowledged */
  readonly onJobs?: OnJobs;
}

/** What a hub says of itself to a probe that says hello. */
interface Welcome {
  /** When the hub began, ms epoch. */
  readonly startedAt: number;
  /** Where it keeps its history; told to processes of this machine alone. */
  readonly dataDir: string | null;
  /** It has no heir. */
  readonly standalone: boolean;
  readonly heirs: Heirs;
}

/** One probe's link, whatever it runs over. */
export interface IngestLink {
  /**
   * Takes a message in. Never throws: what can't be understood is counted and named in {@link IngestStats}.
   * Says why it could not be read or was refused; `null` when it was taken.
   */
  receive(message: LinkMessage): string | null;
  /** Counts and names what its transport found wrong. */
  complain(reason: string): void;
  /** Who it said it is, as `service/instance`; `null` while it has not. */
  readonly node: string | null;
  /** The link is gone; the node falls silent by itself unless it said bye. */
  close(): void;
}

/** What came in since the hub started. */
export interface IngestStats {
  readonly links: number;
  readonly frames: number;
  /** Bytes of binary messages, UTF-16 units of text. */
  readonly bytes: number;
  /** Messages, or entries of them, that could not be used. */
  readonly badFrames: number;
  /** Why, of the newest of them. */
  readonly lastBadFrame: string | null;
}

/** Who is at the other end of a link. */
interface LinkOrigin {
  /** The one service it may write as; `null` for any. @default null */
  readonly service?: string | null;
  /** Queues that it may tell of. @default every one */
  readonly queues?: QueueScope;
  /** True for a process that proved to be of this machine and user. @default false */
  readonly local?: boolean;
  /** True for the process that the hub itself runs in. @default false */
  readonly own?: boolean;
  /** True for the hub's link to itself: the only one that may say `figuresOnly`, and it must. @default false */
  readonly figures?: boolean;
}

/** The only writer of `current`. */
export interface Ingest {
  /** Begins a link; `reply` sends to its probe. */
  open(reply: (frame: HubFrame) => void, origin?: LinkOrigin): IngestLink;
  /** True for a node that is linked from a process of this machine and user. */
  isLocal(node: string): boolean;
  stats(): IngestStats;
}

/** Makes the way in for probes. */
export function createIngest({ current, clock, asks, welcome, ownNode, onEvents, onJobs }: IngestOptions): Ingest {
  const stats = { links: 0, frames: 0, bytes: 0, badFrames: 0, lastBadFrame: null as string | null };
  /** Open links of this machine. */
  const locals = new Set<Link>();
  const intakeOf = createEventIntakes(clock);
  const jobsOf = onJobs === undefined ? () => null : createJobIntakes(clock, onJobs);
  return {
    open(reply, { service = null, queues = null, local = false, own = false, figures = false } = {}) {
      const complain = (reason: string): void => {
        stats.badFrames++;
        stats.lastBadFrame = reason;
      };
      const link = new Link(
        { current, clock, asks, welcome, ownNode, onEvents, intake: intakeOf(), jobsOf },
        { service, queues, local, figures },
        reply,
        complain,
      );
      let open = true;
      if (!figures) stats.links++;
      if (local || own) locals.add(link);
      return {
        receive(message) {
          if (!open) return null;
          if (!figures) {
            stats.frames++;
            stats.bytes += lengthOf(message);
          }
          return link.receive(message);
        },
        complain,
        get node() {
          return link.key;
        },
        close() {
          if (!open) return;
          open = false;
          if (!figures) stats.links--;
          locals.delete(link);
          link.close();
        },
      };
    },
    isLocal: (node) => [...locals].some(({ key }) => key === node),
    stats: () => ({ ...stats }),
  };
}

/** Also of what a port may carry beside the two kinds of message. */
function lengthOf(message: unknown): number {
  if (typeof message === "string") return message.length;
  return message instanceof Uint8Array ? message.byteLength : 0;
}

interface LinkParts extends Pick<IngestOptions, "current" | "clock"> {
  readonly asks: IngestOptions["asks"] | undefined;
  readonly welcome: Welcome | undefined;
  readonly ownNode: string | undefined;
  readonly onEvents: IngestOptions["onEvents"] | undefined;
  readonly intake: EventIntake;
  readonly jobsOf: (say: (frame: HubFrame) => void) => JobIntake | null;
}

/**
 * Said hello → named series → snapshots. Whatever comes out of this order, or
 * of another epoch, is answered with `resync`, at most once a second.
 */
class Link {
  readonly #current: Current;
  readonly #clock: Clock;
  readonly #asks: IngestOptions["asks"];
  readonly #welcome: Welcome | undefined;
  readonly #ownNode: string | undefined;
  readonly #onEvents: IngestOptions["onEvents"];
  readonly #intake: EventIntake;
  readonly #jobs: JobIntake | null;
  readonly #fence: QueueFence;
  readonly #service: string | null;
  readonly #local: boolean;
  readonly #figures: boolean;
  readonly #reply: (frame: HubFrame) => void;
  readonly #complain: (reason: string) => void;
  #writer: NodeWriter | null = null;
  /** Open while this link speaks for its node. */
  #asked: AskLink | null = null;
  /** Ends its candidature as heir. */
  #leaveHeirs: (() => void) | null = null;
  #key: string | null = null;
  /** Series by id; `null` for those that found no place. */
  #names: (Tracked | null | undefined)[] = [];
  #resyncAt = -Infinity;

  constructor(
    { current, clock, asks, welcome, ownNode, onEvents, intake, jobsOf }: LinkParts,
    { service, queues, local, figures }: Required<Omit<LinkOrigin, "own">>,
    reply: (frame: HubFrame) => void,
    complain: (reason: string) => void,
  ) {
    this.#current = current;
    this.#clock = clock;
    this.#asks = asks;
    this.#welcome = welcome;
    this.#ownNode = ownNode;
    this.#onEvents = onEvents;
    this.#intake = intake;
    this.#fence = new QueueFence(queues, (reason) => complain(`${this.#key ?? "a link"}: ${reason}`));
    this.#service = service;
    this.#local = local;
    this.#figures = figures;
    this.#reply = reply;
    this.#jobs = jobsOf((frame) => this.#say(frame));
    this.#complain = complain;
  }

  /** Who it said it is, also after bye: it may not become another. */
  get key(): string | null {
    return this.#key;
  }

  receive(message: LinkMessage): string | null {
    try {
      this.#take(decodeProbeFrame(message));
      return null;
    } catch (error) {
      const reason = error instanceof WsightError ? error.message : `ingest failed: ${String(error)}`;
      this.#complain(reason);
      // Without its sequence number a snapshot can't be acknowledged; saying everything anew settles that too.
      if (typeof message !== "string") this.#resync("a snapshot could not be read");
      return reason;
    }
  }

  #take(frame: ProbeFrame): void {
    if (frame.type === "hello") {
      this.#hello(frame);
      return;
    }
    const writer = this.#writerFor(frame);
    if (frame.type === "snapshot") this.#say({ type: "ack", seq: frame.seq });
    if (writer === null) return;
    if (frame.type === "names") this.#name(writer, frame);
    else if (frame.type === "snapshot") this.#snapshot(writer, frame);
    else if (frame.type === "table") writer.table(frame);
    else if (frame.type === "events") this.#onEvents?.(this.#intake.take(this.#fence.events(frame), writer));
    else if (frame.type === "jobs") this.#hearJobs(frame, writer);
    else if (frame.type === "answer") this.#asked?.answer(frame);
    else if (frame.type === "tail") this.#asked?.tail(frame);
    else if (frame.type === "bye") {
      writer.leave(this.#clock.now());
      this.#writer = null;
      this.close();
    }
  }

  /** Nothing more can be asked over this link, and its process is no heir. */
  close(): void {
    this.#leaveHeirs?.();
    this.#leaveHeirs = null;
    this.#asked?.close();
    this.#asked = null;
    this.#jobs?.close();
  }

  #hearJobs(frame: JobsFrame, writer: NodeWriter): void {
    if (frame.unread !== undefined)
      this.#complain(`jobs: ${frame.unread.entries} could not be read: ${frame.unread.reason}`);
    this.#jobs?.take(this.#fence.jobs(frame), writer);
  }

  #hello(frame: HelloFrame): void {
    if (this.#service !== null && frame.service !== this.#service) {
      throw new WsightError(
        "BAD_FRAME",
        `hello: expected service ${this.#service}, as its token says, got ${frame.service}`,
      );
    }
    for (const name of [frame.service, frame.instance]) {
      if (UNFIT.test(name)) throw expected("BAD_FRAME", "hello", "names without / and control characters", name);
    }
    const key = `${frame.service}/${frame.instance}`;
    if (this.#key !== null && this.#key !== key) {
      throw new WsightError("BAD_FRAME", `hello: expected ${this.#key}, as this link said before, got ${key}`);
    }
    this.#checkKind(frame, key);
    const before = this.#writer?.epoch === frame.epoch ? this.#writer.state : "forgotten";
    this.#writer = this.#current.join(frame);
    this.#key = key;
    if (before === "forgotten") this.#names = [];
    // The hub asks itself nothing, and is no heir of its own.
    if (this.#figures) return;
    if (before !== "open") this.#sayWelcome();
    if (before !== "open")
      this.#asked = this.#asks?.linked(key, (request) => this.#say(request), this.#fence.scope) ?? null;
  }

  /** The hub's own figures are no process, and no process comes under their name. */
  #checkKind({ figuresOnly = false }: HelloFrame, key: string): void {
    if (figuresOnly !== this.#figures) {
      throw expected("BAD_FRAME", "hello figuresOnly", this.#figures ? "true" : "nothing of the kind", figuresOnly);
    }
    if (!this.#figures && key === this.#ownNode) {
      throw expected("BAD_FRAME", "hello", "another name of the process: this one is the hub's own", key);
    }
  }

  /** First words to a probe, once more whenever it becomes the heir. */
  #sayWelcome(): void {
    if (this.#welcome === undefined) return;
    const { startedAt, dataDir, standalone, heirs } = this.#welcome;
    const say = (heir: boolean): void => {
      const seq = this.#writer?.seq ?? null;
      this.#say({
        type: "welcome",
        version: LINK_VERSION,
        startedAt,
        seq,
        dataDir: this.#local ? dataDir : null,
        heir,
        ...(standalone ? { standalone } : {}),
      });
    };
    if (standalone || !this.#local) say(false);
    else this.#leaveHeirs ??= heirs.join(say);
  }

  /** The writer this frame may use, or `null` after saying why there is none. */
  #writerFor(frame: Exclude<ProbeFrame, HelloFrame>): NodeWriter | null {
    const writer = this.#writer;
    if (writer === null || writer.state === "forgotten") {
      if (frame.type !== "bye") this.#resync("expected hello first");
      return null;
    }
    if (writer.state === "taken") {
      this.#complain(
        `${writer.key}: expected one link for each node, got a second one; give every process its own instance name`,
      );
      return null;
    }
    if (frame.epoch !== writer.epoch) {
      this.#complain(`${frame.type}: expected epoch ${writer.epoch}, got ${frame.epoch}`);
      this.#resync(`epoch ${frame.epoch} did not say hello`);
      return null;
    }
    return writer;
  }

  #name(writer: NodeWriter, frame: NamesFrame): void {
    const ending = frame.retired.map(({ id }) => this.#names[id]);
    for (const { id } of frame.retired) this.#names[id] = undefined;
    // What has no place is passed over, and so is what may not be told.
    for (const { id, series } of frame.names) this.#names[id] = this.#fence.lets(series) ? writer.track(series) : null;
    frame.retired.forEach(({ into }, i) => {
      const tracked = ending[i];
      const target = this.#names[into];
      if (tracked && target && tracked !== target) writer.retire(tracked, target);
    });
  }

  #snapshot(writer: NodeWriter, frame: SnapshotFrame): void {
    const outcome = writer.apply(frame, this.#clock.now(), (id) => {
      const tracked = this.#names[id];
      // A series that ended long ago was forgotten; what comes for it must be named again.
      return tracked && tracked.retiredAt !== Infinity && !writer.holds(tracked) ? undefined : tracked;
    });
    if (outcome.mismatched > 0) this.#complain(`snapshot ${frame.seq}: ${outcome.mismatched} values of the wrong kind`);
    if (outcome.resync !== null) this.#resync(outcome.resync);
  }

  #resync(reason: string): void {
    const now = this.#clock.now();
    if (now - this.#resyncAt < RESYNC_EVERY_MS && now >= this.#resyncAt) return;
    this.#resyncAt = now;
    this.#say({ type: "resync", reason });
  }

  #say(frame: HubFrame): void {
    try {
      this.#reply(frame);
    } catch (error) {
      this.#complain(`link: the reply could not be sent: ${String(error)}`);
    }
  }
}
