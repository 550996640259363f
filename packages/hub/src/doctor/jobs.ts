import type { QueueRow } from "@wsight/protocol";
import { check, type Examination } from "./facts.ts";

const LISTED = 8;

const queues: Examination = ({ table }) => {
  const { rows, leftOut } = table("queues");
  if (rows.length === 0) return [];
  const more = Math.max(0, rows.length - LISTED) + leftOut;
  return [
    check({
      id: "found.queues",
      area: "found",
      state: "ok",
      title: `${rows.length + leftOut} ${rows.length + leftOut === 1 ? "queue" : "queues"} of jobs`,
      detail: [...rows.slice(0, LISTED).map(nameOf), ...(more > 0 ? [`${more} more`] : [])].join(", "),
    }),
    ...(leftOut === 0
      ? []
      : [
          check({
            id: "found.queues-left-out",
            area: "found",
            state: "warn",
            title: `${leftOut} queues have no figures`,
            detail: "At most 64 queues are followed.",
            fix: { text: "Give queues a fixed name, not one for each customer or day", code: null },
          }),
        ]),
  ];
};

function nameOf({ queue, library }: QueueRow): string {
  return library === "bullmq" ? `${queue} (BullMQ)` : queue;
}

/** Jobs wait, and nobody is there to take them. */
const nobody: Examination = ({ table }) =>
  table("queues").rows.flatMap(({ queue, waiting, workers, active, paused }) => {
    if (waiting === 0 || active > 0 || workers !== 0 || paused) return [];
    return check({
      id: "found.no-workers",
      area: "found",
      state: "fail",
      title: `Nobody takes the jobs of ${queue}`,
      detail: `${waiting} ${waiting === 1 ? "waits" : "wait"}, and no worker says that it is there.`,
      fix: { text: "Start its workers, and see whether they reach the queue", code: null },
    });
  });

const workers: Examination = ({ table }) => {
  const { stalled, dead, rows } = table("workers");
  if (stalled + dead === 0) return [];
  const unwell = rows.filter(({ state }) => state === "stalled" || state === "dead").slice(0, LISTED);
  const counts = [
    ...(dead > 0 ? [`${dead} ${dead === 1 ? "is" : "are"} silent with jobs`] : []),
    ...(stalled > 0 ? [`${stalled} ${stalled === 1 ? "makes" : "make"} no progress`] : []),
  ];
  return [
    check({
      id: "found.workers-unwell",
      area: "found",
      state: "warn",
      title: `Of the workers ${counts.join(", ")}`,
      detail: unwell.map(({ queue, worker, state }) => `${worker} of ${queue}: ${state}`).join(", "),
      fix: { text: "Open the page Jobs: it says which jobs they have, and since when", code: null },
    }),
  ];
};

const losses: Examination = ({ table }) => {
  const { dropped, evicted } = table("queues");
  const told = [
    ...(dropped > 0
      ? [`${dropped} events gave way before they were taken, or are of queues that their token does not name`]
      : []),
    ...(evicted > 0 ? [`${evicted} jobs found no room in memory`] : []),
  ];
  if (told.length === 0) return [];
  return [
    check({
      id: "found.jobs-lost",
      area: "found",
      state: "warn",
      title: "Not every job is known",
      detail: `${told.join("; ")}.`,
      fix: {
        text: "See whether the hub was away for long, more than 100,000 jobs wait, or a token that was made for some queues lacks one",
        code: null,
      },
    }),
  ];
};

const ledger: Examination = ({ table }) => {
  const { ledger: kept, rows } = table("queues");
  if (rows.length === 0 || kept.state !== "failing") return [];
  return [
    check({
      id: "found.jobs-not-kept",
      area: "found",
      state: "fail",
      title: "Jobs can't be kept",
      detail: `${kept.problem ?? "No reason was given."} They go on in memory, and are kept once it is well again.`,
      fix: {
        text: "See whether the data directory has room and may be written to, or the database answers",
        code: null,
      },
    }),
  ];
};

/** Queues, their workers, and what became of what was told of them. */
export const JOBS: readonly Examination[] = [queues, nobody, workers, losses, ledger];
