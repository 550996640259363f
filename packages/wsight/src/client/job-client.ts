import type {
  AuthenticateAnswer,
  JobCompletedMessage,
  JobFailedMessage,
  JobProgressMessage,
  JobQueuedMessage,
  JobStartedMessage,
  QueueStatusMessage,
} from "@wsight/protocol";

// Runs in browsers as it is, without a bundler: nothing is imported but types.

/** Messages of the hub about the jobs of whoever the token names. */
export interface JobClientEvents {
  readonly "job-queued": JobQueuedMessage;
  readonly "job-started": JobStartedMessage;
  readonly "job-progress": JobProgressMessage;
  readonly "job-completed": JobCompletedMessage;
  readonly "job-failed": JobFailedMessage;
  readonly "queue-status": QueueStatusMessage;
}

/** A message with its name. */
export type JobClientEvent = {
  readonly [Event in keyof JobClientEvents]: { readonly event: Event; readonly data: JobClientEvents[Event] };
}[keyof JobClientEvents];

/** A job as far as the hub told of it. */
export interface TrackedJob {
  readonly jobId: string;
  readonly queue: string;
  readonly name: string;
  readonly fileName: string | null;
  /** `queued` again after a try that failed and is not the last; the last two are ends. */
  readonly state: "queued" | "active" | "completed" | "failed";
  /** From 1; 0 before the first try. */
  readonly attempt: number;
  /** 0 to 100; never runs backwards within an attempt, also when the connection was lost meanwhile. */
  readonly progress: number;
  readonly stage: string | null;
  readonly worker: string | null;
  /** Place among those that wait, from 1; `null` for one that does not wait, or where it is not known. */
  readonly position: number | null;
  /** Seconds to its end; `null`: nothing is known. */
  readonly estimatedTimeRemaining: number | null;
  /** 0 to 100, of that; `null` with it. */
  readonly confidence: number | null;
  /** Once completed. */
  readonly result: unknown;
  /** Why the newest try failed, until the next begins. */
  readonly error: string | null;
  /** When this was so, UTC, ISO 8601. */
  readonly timestamp: string;
}

/** Told of one job, each with the job as it stands. */
export interface JobHandlers {
  /** After each of the others, and whenever its place or its remaining time is told anew. */
  readonly change?: (job: TrackedJob) => void;
  readonly queued?: (job: TrackedJob) => void;
  readonly started?: (job: TrackedJob) => void;
  readonly progress?: (job: TrackedJob) => void;
  readonly completed?: (job: TrackedJob) => void;
  /** A try failed: `job.state` is `failed` when it was the last. */
  readonly failed?: (job: TrackedJob) => void;
}

/**
 * `connecting`: on its way · `live` · `waiting`: tries again soon · `refused`: the hub does not take the token, and there
 * is no way to get another · `closed`.
 */
export type JobClientState = "connecting" | "live" | "waiting" | "refused" | "closed";

/** What is used of a WebSocket: that of browsers, of Node 22, of the package `ws`. */
export interface WebSocketLike {
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  close(): void;
}

/** How a client connects. */
export interface JobClientOptions {
  /** Address of the hub, `https://app.example.com/monitor`, or of its stream, `wss://…/ws/jobs`. */
  readonly url: string | URL;
  /** Token of the user (`userToken` of `wsight`), or how to get one: asked anew for each connection. */
  readonly token: string | (() => string | Promise<string>);
  /** @default the global one */
  readonly WebSocket?: new (
    url: string,
    protocols: string[],
  ) => WebSocketLike;
}

/** Hears of the jobs of one user. All functions return how to hear no more. */
export interface JobClient {
  readonly state: JobClientState;
  /** Tells of one job: at once what is known of it, then each change. */
  onJob(jobId: string, handlers: JobHandlers): () => void;
  /** Tells every message as the hub sent it. */
  onEvent(hear: (event: JobClientEvent) => void): () => void;
  /** Tells the state, at once and with each change; `problem` says why it is not live. */
  onState(hear: (state: JobClientState, problem: string | null) => void): () => void;
  /** What is known of a job; `null` for nothing. */
  job(jobId: string): TrackedJob | null;
  /** Ends it; safe to call twice. */
  close(): void;
}

const EVENTS: readonly string[] = [
  "authenticated",
  "job-queued",
  "job-started",
  "job-progress",
  "job-completed",
  "job-failed",
  "queue-status",
];
const PATH = "/ws/jobs";
/** Not authenticated, or no longer. */
const UNAUTHENTICATED = 4401;
/** Waits before the next try: by chance up to a limit that doubles, ms. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A connection that held for so long was a good one, ms. */
const GOOD_MS = 5_000;
/** The hub says something every 5 s: who is silent for so long is gone, ms. */
const SILENT_MS = 20_000;
const LOOK_MS = 2_500;
/** Jobs that are remembered; beyond, those that were told of longest ago are forgotten. */
const MAX_JOBS = 1_000;

/**
 * Connects to a hub and hears of the jobs of the user that the token names. It reconnects by itself, and takes up where
 * jobs are then.
 * @throws TypeError for an address that is none, or without a WebSocket
 * @example
 * const client = createJobClient({ url: "https://app.example.com/monitor", token: () => fetchToken() });
 * client.onJob(documentId, { change: ({ progress }) => { bar.value = progress; } });
 */
export function createJobClient(options: JobClientOptions): JobClient {
  const { token, WebSocket = (globalThis as { WebSocket?: JobClientOptions["WebSocket"] }).WebSocket } = options;
  if (WebSocket === undefined)
    throw new TypeError("WebSocket: expected a class, got none; pass that of the package ws");
  const Socket = WebSocket;
  const url = streamUrl(options.url);
  const jobs = new Map<string, TrackedJob>();
  const watchers = new Set<readonly [jobId: string, handlers: JobHandlers]>();
  const listeners = new Set<(event: JobClientEvent) => void>();
  const stateListeners = new Set<(state: JobClientState, problem: string | null) => void>();
  let state: JobClientState = "connecting";
  let problem: string | null = null;
  let socket: WebSocketLike | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let heardAt = 0;
  let liveAt = 0;

  const isOver = (): boolean => state === "closed" || state === "refused";

  function enter(next: JobClientState, why: string | null): void {
    if (state === next && problem === why) return;
    state = next;
    problem = why;
    for (const hear of [...stateListeners]) attempt(() => hear(next, why));
  }

  async function connect(): Promise<void> {
    enter("connecting", problem);
    heardAt = Date.now();
    try {
      const secret = typeof token === "string" ? token : await token();
      if (isOver()) return;
      open(new Socket(url, ["wsight", `bearer.${secret}`]));
    } catch (error) {
      retry(error instanceof Error ? error.message : String(error));
    }
  }

  function open(opened: WebSocketLike): void {
    socket = opened;
    heardAt = Date.now();
    opened.onmessage = ({ data }: { readonly data: unknown }) => {
      if (socket === opened) attempt(() => hear(data));
    };
    opened.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      if (socket === opened) lose(code, reason);
    };
    // The close that follows says all there is to say; without a listener `ws` would throw.
    opened.onerror = () => undefined;
    watch(opened);
  }

  /** A network that swallows everything closes nothing. */
  function watch(opened: WebSocketLike): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (socket !== opened) return;
      if (Date.now() - heardAt < SILENT_MS) watch(opened);
      else lose(0, `nothing was heard for ${SILENT_MS / 1000} s`);
    }, LOOK_MS);
  }

  function lose(code: number, reason: string): void {
    const lost = socket;
    socket = null;
    lost?.close();
    const why = reason || `the connection was closed (${code})`;
    if (code === UNAUTHENTICATED && typeof token === "string") {
      clearTimeout(timer);
      enter("refused", why);
    } else retry(why);
  }

  function retry(why: string): void {
    if (isOver()) return;
    if (state === "live" && Date.now() - liveAt >= GOOD_MS) tries = 0;
    enter("waiting", why);
    clearTimeout(timer);
    timer = setTimeout(
      () => void connect(),
      Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries++, 10)),
    );
  }

  function hear(data: unknown): void {
    heardAt = Date.now();
    const message = read(data);
    if (message === null) return;
    if (message.event === "authenticated") {
      authenticated(message.data);
      return;
    }
    if (message.event === "queue-status") {
      for (const entry of message.data.jobs) place(entry);
    } else take(message);
    for (const listener of [...listeners]) attempt(() => listener(message));
  }

  function authenticated(answer: AuthenticateAnswer): void {
    if (answer.ok) {
      liveAt = Date.now();
      enter("live", null);
      return;
    }
    lose(UNAUTHENTICATED, answer.error.message);
  }

  function take(message: Exclude<JobClientEvent, { event: "queue-status" }>): void {
    const { queue, jobId } = message.data;
    const before = jobs.get(keyOf(queue, jobId));
    if (before !== undefined && isStale(before, message.data)) return;
    const job = follow(before, message);
    keep(job);
    const name = message.event.slice("job-".length) as Exclude<keyof JobHandlers, "change">;
    tell(job, name);
  }

  function place({ queue, jobId, position, estimatedTimeRemaining }: QueueStatusMessage["jobs"][number]): void {
    const job = jobs.get(keyOf(queue, jobId));
    if (job === undefined || isEnded(job)) return;
    if (job.position === position && job.estimatedTimeRemaining === estimatedTimeRemaining) return;
    const placed = { ...job, position, estimatedTimeRemaining };
    keep(placed);
    tell(placed);
  }

  function keep(job: TrackedJob): void {
    const key = keyOf(job.queue, job.jobId);
    jobs.delete(key);
    jobs.set(key, job);
    const [oldest] = jobs.keys();
    if (jobs.size > MAX_JOBS && oldest !== undefined) jobs.delete(oldest);
  }

  function tell(job: TrackedJob, name?: Exclude<keyof JobHandlers, "change">): void {
    for (const [jobId, handlers] of [...watchers]) {
      if (jobId !== job.jobId) continue;
      if (name !== undefined) attempt(() => handlers[name]?.(job));
      attempt(() => handlers.change?.(job));
    }
  }

  /** The newest of that id, whichever queue it is in. */
  function find(jobId: string): TrackedJob | null {
    let found: TrackedJob | null = null;
    for (const job of jobs.values()) if (job.jobId === jobId) found = job;
    return found;
  }

  void connect();
  return {
    get state() {
      return state;
    },
    onJob(jobId, handlers) {
      const watcher = [jobId, handlers] as const;
      watchers.add(watcher);
      const job = find(jobId);
      if (job !== null) attempt(() => handlers.change?.(job));
      return () => watchers.delete(watcher);
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState(listener) {
      stateListeners.add(listener);
      attempt(() => listener(state, problem));
      return () => stateListeners.delete(listener);
    },
    job: find,
    close() {
      if (state === "closed") return;
      clearTimeout(timer);
      const left = socket;
      socket = null;
      enter("closed", null);
      left?.close();
    },
  };
}

/** @throws TypeError */
function streamUrl(address: string | URL): string {
  const url = new URL(address, (globalThis as { location?: { href: string } }).location?.href);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (!/^wss?:$/.test(url.protocol)) throw new TypeError(`url: expected http(s): or ws(s):, got ${url.protocol}`);
  url.hash = "";
  if (!url.pathname.endsWith(PATH)) url.pathname = url.pathname.replace(/\/?$/, PATH);
  return url.href;
}

function keyOf(queue: string, jobId: string): string {
  return `${queue}\n${jobId}`;
}

function isEnded({ state }: TrackedJob): boolean {
  return state === "completed" || state === "failed";
}

/**
 * A hub that was started anew may not know the newest yet, but will. After its end a job is heard of again only when it
 * is put back, or another has its id: both come later.
 */
function isStale(before: TrackedJob, { attempt, timestamp }: Pick<TrackedJob, "attempt" | "timestamp">): boolean {
  return (isEnded(before) || attempt < before.attempt) && timestamp <= before.timestamp;
}

/** What a job has come to with a message. */
function follow(
  before: TrackedJob | undefined,
  message: Exclude<JobClientEvent, { event: "queue-status" }>,
): TrackedJob {
  const { jobId, queue, name, fileName, attempt, timestamp } = message.data;
  const same = before?.attempt === attempt && !isEnded(before) ? before : undefined;
  const job: TrackedJob = {
    jobId,
    queue,
    name,
    fileName,
    attempt,
    timestamp,
    state: "active",
    progress: same?.progress ?? 0,
    stage: same?.stage ?? null,
    worker: same?.worker ?? null,
    position: null,
    estimatedTimeRemaining: null,
    confidence: null,
    result: null,
    error: null,
  };
  switch (message.event) {
    case "job-queued": {
      const { position, estimatedTime, confidence } = message.data;
      const error = before?.state === "queued" ? before.error : null;
      return { ...job, state: "queued", position, estimatedTimeRemaining: estimatedTime, confidence, error };
    }
    case "job-started": {
      const { worker, estimatedTimeRemaining, confidence } = message.data;
      return { ...job, worker, estimatedTimeRemaining, confidence };
    }
    case "job-progress": {
      const { progress, stage, estimatedTimeRemaining, confidence } = message.data;
      return {
        ...job,
        progress: Math.max(job.progress, progress),
        stage: stage ?? job.stage,
        estimatedTimeRemaining,
        confidence,
      };
    }
    case "job-completed":
      return { ...job, state: "completed", progress: 100, estimatedTimeRemaining: 0, result: message.data.result };
    case "job-failed": {
      const { error, final } = message.data;
      return { ...job, state: final ? "failed" : "queued", error };
    }
  }
}

/** `null` for what this client does not know. */
function read(data: unknown): JobClientEvent | { readonly event: "authenticated"; data: AuthenticateAnswer } | null {
  const message = JSON.parse(String(data));
  return EVENTS.includes(message.event) ? message : null;
}

/** Who listens must not break whom it listens to. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    console.error(error);
  }
}
