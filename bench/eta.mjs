// How good estimates of jobs are, on logs of real ones, against what people
// write by hand. One configuration for all logs: nothing is set per file.

import { createEstimator } from "@wsight/hub";
import { errorsOf, mean, reliabilityOf, share, short } from "./eta/figures.mjs";
import { logFolder, logNames, readLog } from "./eta/logs.mjs";
import { REST_AT, replay, timeOf } from "./eta/replay.mjs";
import { QUEUES, waitsOf } from "./eta/waits.mjs";
import { percentile, table } from "./report.mjs";

const ERRORS = [
  "jobs",
  "mean error, s",
  "median error, s",
  "median ratio",
  "p90 ratio",
  "in the 80 % interval",
  "p90 ÷ p10",
];
const TABLES = [runTable, reliabilityTable, restTable, coldTable];

const folder = logFolder();
const names = logNames(folder);
if (names.length === 0) {
  console.log(
    `No job logs (*.swf, *.swf.gz, *.csv) in ${folder}: nothing to measure. WSIGHT_JOB_LOGS names another folder.`,
  );
}
for (const name of names) tell(name);

function tell(name) {
  const jobs = tryToRead(name);
  if (jobs === null) return;
  if (jobs.length < 1000) {
    console.log(`\n${name}: ${jobs.length} jobs, too few to measure by`);
    return;
  }
  const result = replay(jobs, createEstimator());
  for (const print of TABLES) print(name, result);
  waitTable(name, jobs);
  costTable(name, jobs);
}

function tryToRead(name) {
  try {
    return readLog(folder, name);
  } catch (error) {
    console.log(`\n${name}: cannot be read: ${error.message}`);
    return null;
  }
}

function runTable(name, { counted }) {
  table(`${name}: runs, from the 500th job on`, ["", ...ERRORS], errorRows(counted));
}

function coldTable(name, { cold }) {
  table(`${name}: cold start, jobs 20 to 320`, ["", ...ERRORS], errorRows(cold));
}

function errorRows(byEstimator) {
  return Object.entries(byEstimator)
    .filter(([, rows]) => rows.length > 0)
    .map(([estimator, rows]) => [estimator, ...Object.values(errorsOf(rows)).map(short)]);
}

function reliabilityTable(name, { counted }) {
  const { told, error } = reliabilityOf(counted.wsight);
  table(
    `${name}: confidence; off by ${short(error)} points on average`,
    ["confidence", "jobs", "said, %", "within 25 %, %"],
    told.map(({ from, jobs, said, came }) => [`${from}–${from + 10}`, jobs, short(said), short(came)]),
  );
}

function restTable(name, { rests }) {
  const rows = REST_AT.filter((at) => rests.get(at).length > 0).map((at) => {
    const list = rests.get(at);
    const off = (of) => short(mean(list.map((rest) => Math.abs(rest.leftMs - of(rest)) / 1000)));
    const inside = share(list, ({ leftMs, p10, p90 }) => leftMs >= p10 && leftMs <= p90);
    return [`${at} ×`, list.length, off(({ p50 }) => p50), off(({ naive }) => naive), short(inside)];
  });
  const columns = ["elapsed ÷ p50", "jobs", "mean error, s", "of p50 − elapsed, s", "in the 80 % interval"];
  table(`${name}: what is left of runs under way`, columns, rows);
}

function waitTable(name, jobs) {
  const rows = QUEUES.map(({ workers, busy }) => {
    const waits = waitsOf(jobs, createEstimator(), { workers, busy });
    const meanMs = mean(waits.map(({ waitMs }) => waitMs));
    const off = (of) => short(mean(waits.map((wait) => Math.abs(wait.waitMs - of(wait)))) / meanMs);
    const queued = waits.filter(({ waitMs }) => waitMs > 0);
    const inside = share(queued, ({ waitMs, p10, p90 }) => waitMs >= p10 && waitMs <= p90);
    return [
      `${workers}, ${busy}`,
      waits.length,
      short(meanMs / 1000),
      off(({ p50 }) => p50),
      off(({ byWorkers }) => byWorkers),
      off(({ byPosition }) => byPosition),
      short(inside),
    ];
  });
  const errors = ["wsight", "position × mean ÷ workers", "position × mean"].map((way) => `error ÷ mean wait: ${way}`);
  table(
    `${name}: waits`,
    ["workers, busy", "jobs", "mean wait, s", ...errors, "of those that waited, in the 80 % interval"],
    rows,
  );
}

function costTable(name, jobs) {
  const estimator = createEstimator();
  const blocks = timeOf(jobs, estimator);
  const bytes = estimator.takeChanged(Number.POSITIVE_INFINITY).map((node) => node.bytes?.length ?? 0);
  table(
    `${name}: cost`,
    ["CPU of predict and learn, µs a job (median block)", "(best block)", "nodes", "kept bytes a node", "(largest)"],
    [[percentile(blocks, 0.5), blocks[0], bytes.length, mean(bytes), Math.max(...bytes)].map(short)],
  );
}
