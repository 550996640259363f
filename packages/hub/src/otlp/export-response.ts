import { ByteReader } from "@wsight/protocol";

/** Numbers of the fields of `ExportMetricsServiceResponse`. */
const PARTIAL_SUCCESS = 1;
const REJECTED_POINTS = 1;
const ERROR_MESSAGE = 2;
const LENGTH = 2;
const MAX_REASON = 200;

/** What a receiver did not take of what it took. */
export interface ExportResponse {
  readonly rejected: number;
  readonly reason: string;
}

const NOTHING: ExportResponse = { rejected: 0, reason: "" };

/** Reads an answer in protobuf; one of another kind, or nonsense, says nothing. */
export function readExportResponse(contentType: string | undefined, answer: Uint8Array): ExportResponse {
  if (contentType?.startsWith("application/x-protobuf") !== true) return NOTHING;
  try {
    const partial = fieldsOf(answer).get(PARTIAL_SUCCESS);
    if (!(partial instanceof Uint8Array)) return NOTHING;
    const fields = fieldsOf(partial);
    const rejected = fields.get(REJECTED_POINTS);
    const message = fields.get(ERROR_MESSAGE);
    return {
      rejected: typeof rejected === "number" ? rejected : 0,
      reason: message instanceof Uint8Array ? printable(message) : "",
    };
  } catch {
    return NOTHING;
  }
}

/** One line that can stand in a log: what others say must not begin another, or speak to a terminal. */
function printable(message: Uint8Array): string {
  return Buffer.from(message)
    .toString("utf8")
    .slice(0, MAX_REASON)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}

/** Numbers and bytes of a message by their field; a field of another kind ends it. */
function fieldsOf(message: Uint8Array): Map<number, number | Uint8Array> {
  const reader = new ByteReader(message);
  const fields = new Map<number, number | Uint8Array>();
  while (reader.remaining > 0) {
    const tag = reader.varint();
    if (tag % 8 === 0) fields.set(tag >> 3, reader.varint());
    else if (tag % 8 === LENGTH) fields.set(tag >> 3, reader.bytes(reader.varint()));
    else break;
  }
  return fields;
}
