import {
  asFields,
  asInteger,
  asNumber,
  asOneOf,
  asText,
  type EstimationTest,
  JOB_PLANS,
  MAX_JOB_USER,
  MAX_QUEUE_NAME,
  SIZE_CATEGORIES,
  WsightError,
} from "@wsight/protocol";

const BAD = "BAD_REQUEST";
const MAX_NAME = 128;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;
const MAX_POSITION = 1_000_000;
const MAX_WORKERS = 10_000;

const PARSERS: { readonly [F in keyof EstimationTest]-?: (value: unknown) => EstimationTest[F] } = {
  queue: (value) => asText(BAD, "queue", value, MAX_QUEUE_NAME),
  name: (value) => asText(BAD, "name", value, MAX_NAME),
  fileSize: (value) => asNumber(BAD, "fileSize", value, 0, MAX_BYTES),
  sizeCategory: (value) => asOneOf(BAD, "sizeCategory", value, SIZE_CATEGORIES),
  userPlan: (value) => asOneOf(BAD, "userPlan", value, JOB_PLANS),
  userId: (value) => asText(BAD, "userId", value, MAX_JOB_USER),
  queuePosition: (value) => asInteger(BAD, "queuePosition", value, 0, MAX_POSITION),
  workers: (value) => asInteger(BAD, "workers", value, 0, MAX_WORKERS),
  load: (value) => asNumber(BAD, "load", value, 0, 1),
};

/**
 * Reads what is to be estimated; everything may be left out.
 * @throws WsightError `BAD_REQUEST` that names every field that can't be right
 */
export function parseEstimationTest(body: unknown): EstimationTest {
  const given = body === undefined ? {} : asFields(BAD, "body", body);
  const test: Record<string, unknown> = {};
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(PARSERS, name)) {
      fields[name] = `expected one of ${Object.keys(PARSERS).join(", ")}`;
      continue;
    }
    if (value === null) continue;
    try {
      test[name] = PARSERS[name as keyof EstimationTest](value);
    } catch (error) {
      fields[name] = messageOf(error, name);
    }
  }
  const mistakes = Object.entries(fields);
  if (mistakes.length === 0) return test as EstimationTest;
  throw new WsightError(BAD, mistakes.map(([name, message]) => `${name}: ${message}`).join("; "), {
    details: { fields },
  });
}

function messageOf(error: unknown, name: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
}
