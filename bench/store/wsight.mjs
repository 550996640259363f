// The embedded store, fed second by second through the public writer.
import { createLibsqlStore, createStoreWriter } from "@wsight/hub";
import { children, cpuOf, medianOf, rssOf } from "./cost.mjs";
import { createDay, sampleOf } from "./day.mjs";
import { questions, ROUNDS } from "./questions.mjs";

/** Samples that are made before they are written, so that making them is not counted. */
const CHUNK = 10_000;

/** Writes a day and asks about it. */
export async function runWsight({ count, seconds, startAt, dataDir }) {
  const options = { dataDir, onEvent: (event) => console.error("store:", event) };
  const before = new Set(children());
  let store = await createLibsqlStore(options);
  await store.stats();
  const [pid] = children().filter((child) => !before.has(child));
  const writer = createStoreWriter(store, { onError: (error) => console.error(error) });
  const day = createDay({ count });
  let samples = 0;
  let [own, wall] = [0, 0];
  const chunkSeconds = Math.ceil(CHUNK / count);
  for (let second = 0; second < seconds; second += chunkSeconds) {
    const chunk = [];
    for (let at = second; at < Math.min(seconds, second + chunkSeconds); at++) {
      chunk.push(day.map((source) => sampleOf(source, startAt + at * 1_000)));
    }
    const [cpuBefore, wallBefore] = [ownCpu(), performance.now()];
    for (const batch of chunk) {
      writer.write(batch);
      samples += batch.length;
    }
    await writer.flush();
    own += ownCpu() - cpuBefore;
    wall += performance.now() - wallBefore;
  }
  const written = writer.stats();
  if (written.written !== samples) throw new Error(`expected ${samples} samples to be written, got ${written.written}`);
  const result = { samples, writerCpu: own, storeCpu: cpuOf(pid), wall, rss: rssOf(pid) };
  await writer.close();
  await store.close();

  const opened = performance.now();
  store = await createLibsqlStore(options);
  const stats = await store.stats();
  const start = performance.now() - opened;
  const times = await askAll(store, { count, endAt: startAt + seconds * 1_000 });
  const [reader] = children().filter((child) => !before.has(child));
  const rssAsked = rssOf(reader);
  await store.close();
  return { name: "wsight", ...result, stats, start, times, rssAsked };
}

async function askAll(store, { count, endAt }) {
  const times = {};
  for (const [name, question] of Object.entries(questions({ count, endAt }))) {
    times[name] = await medianOf(question.rounds ?? ROUNDS, (round) => question.wsight(store, round));
  }
  return times;
}

function ownCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
