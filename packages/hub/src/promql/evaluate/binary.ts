import type { Labels } from "@wsight/protocol";
import { type Binary, COMPARISONS, type LabelChoice, type Operator } from "../expression.ts";
import type { Pacer } from "../pacer.ts";
import { PromqlError } from "../promql-error.ts";
import type { Distribution } from "../values/distribution.ts";
import { chooseLabels, keyOfLabels, showLabels, withoutLabels } from "../values/labels.ts";
import { emptyLine, hasAny, type Line, setValue, type Value } from "../values/line.ts";
import { OPERATIONS } from "./math.ts";

/** An operator and what it works with. */
export interface BinaryTask {
  readonly binary: Binary;
  readonly length: number;
  readonly pacer: Pacer;
  readonly warn: (text: string) => void;
}

/** Joins two values; their types have been checked. @throws PromqlError `execution` */
export async function joinValues(left: Value, right: Value, task: BinaryTask): Promise<Value> {
  if (left.type === "string" || right.type === "string")
    throw new PromqlError("execution", "a string has no operators");
  if (left.type === "scalar" && right.type === "scalar") {
    const operation = operationOf(task.binary.operator);
    return { type: "scalar", values: left.values.map((value, i) => operation(value, right.values[i] ?? 0)) };
  }
  if (left.type === "vector" && right.type === "vector") {
    const isSet = ["and", "or", "unless"].includes(task.binary.operator);
    const join = isSet ? joinSets : joinPairs;
    return { type: "vector", lines: (await join(left.lines, right.lines, task)).filter(hasAny) };
  }
  const lines: Line[] = [];
  for (const line of left.type === "vector" ? left.lines : right.type === "vector" ? right.lines : []) {
    await task.pacer.turn();
    task.pacer.spendPoints(task.length);
    if (left.type === "scalar") lines.push(withScalar(line, left.values, true, task));
    else if (right.type === "scalar") lines.push(withScalar(line, right.values, false, task));
  }
  return { type: "vector", lines: lines.filter(hasAny) };
}

function operationOf(operator: Operator): (a: number, b: number) => number {
  if (operator === "and" || operator === "or" || operator === "unless")
    throw new PromqlError("execution", `operator ${operator} needs two vectors`);
  return OPERATIONS[operator];
}

function isFilter({ operator, isBool }: Binary): boolean {
  return !isBool && (COMPARISONS as readonly string[]).includes(operator);
}

function withScalar(line: Line, scalar: Float64Array, isScalarFirst: boolean, { binary, warn }: BinaryTask): Line {
  const filters = isFilter(binary);
  const labels = filters ? line.labels : withoutLabels(line.labels);
  if (line.histograms !== null) return scaleHistograms(line, labels, scalar, isScalarFirst, binary.operator, warn);
  const operation = operationOf(binary.operator);
  const answer = emptyLine(labels, line.values.length);
  line.values.forEach((value, i) => {
    if (line.present[i] !== 1) return;
    const other = scalar[i] ?? 0;
    const result = isScalarFirst ? operation(other, value) : operation(value, other);
    if (!filters) setValue(answer, i, result);
    else if (result === 1) setValue(answer, i, value);
  });
  return answer;
}

function scaleHistograms(
  line: Line,
  labels: Labels,
  scalar: Float64Array,
  isScalarFirst: boolean,
  operator: Operator,
  warn: BinaryTask["warn"],
): Line {
  const answer = emptyLine(labels, line.values.length, true);
  if (operator !== "*" && (operator !== "/" || isScalarFirst)) {
    warn(`native histograms have no operator ${operator} with a number: they are left out`);
    return answer;
  }
  for (const [i, histogram] of line.histograms?.entries() ?? []) {
    if (histogram === null || answer.histograms === null) continue;
    const factor = scalar[i] ?? Number.NaN;
    answer.histograms[i] = histogram.times(operator === "*" ? factor : 1 / factor);
    answer.present[i] = 1;
  }
  return answer;
}

function groupBy(lines: readonly Line[], matching: LabelChoice): ReadonlyMap<string, readonly Line[]> {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const key = keyOfLabels(chooseLabels(line.labels, matching));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  return groups;
}

async function joinPairs(left: readonly Line[], right: readonly Line[], task: BinaryTask): Promise<readonly Line[]> {
  const { binary, length, pacer } = task;
  const rights = groupBy(right, binary.matching);
  const isAsked = presenceOf(left, length);
  for (const partners of rights.values()) checkPartners(partners, isAsked, binary.matching);
  const lines: Line[] = [];
  for (const [key, members] of groupBy(left, binary.matching)) {
    await pacer.turn();
    const partners = rights.get(key);
    if (partners === undefined) continue;
    const taken = new Uint8Array(length);
    for (const member of members) {
      pacer.spendPoints(length);
      lines.push(joinLine(member, partners, taken, task));
    }
  }
  return lines;
}

function joinLine(line: Line, partners: readonly Line[], taken: Uint8Array, task: BinaryTask): Line {
  const { binary, length } = task;
  const filters = isFilter(binary);
  const matched = chooseLabels(line.labels, binary.matching);
  const name = line.labels.__name__;
  const labels = filters && name !== undefined && binary.matching.isWithout ? { __name__: name, ...matched } : matched;
  const isHistogram = line.histograms !== null;
  const answer = emptyLine(labels, length, isHistogram);
  for (let i = 0; i < length; i++) {
    if (line.present[i] !== 1) continue;
    const partner = partners.find(({ present }) => present[i] === 1);
    if (partner === undefined) continue;
    const result = combine(line, partner, i, task);
    if (result === null) continue;
    if (taken[i] === 1) {
      throw new PromqlError(
        "execution",
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right), which is not supported",
      );
    }
    taken[i] = 1;
    answer.present[i] = 1;
    if (typeof result === "number") answer.values[i] = result;
    else if (answer.histograms !== null) answer.histograms[i] = result;
  }
  return answer;
}

/** Refuses lines that would match the same line, at moments when there is anything to match. */
function checkPartners(partners: readonly Line[], isAsked: Uint8Array, matching: LabelChoice): void {
  if (partners.length < 2) return;
  const taken: (Line | undefined)[] = [];
  for (const partner of partners) {
    for (let i = 0; i < isAsked.length; i++) {
      if (partner.present[i] !== 1 || isAsked[i] !== 1) continue;
      const other = taken[i];
      if (other !== undefined) {
        throw new PromqlError(
          "execution",
          `found duplicate series for the match group ${showLabels(chooseLabels(partner.labels, matching))} on the right hand-side of the operation: ` +
            `[${showLabels(partner.labels)}, ${showLabels(other.labels)}];many-to-many matching not allowed: matching labels must be unique on one side`,
        );
      }
      taken[i] = partner;
    }
  }
}

/** What comes of two values of a moment; `null` for nothing. */
function combine(left: Line, right: Line, place: number, { binary, warn }: BinaryTask): number | Distribution | null {
  const { operator } = binary;
  if (left.histograms === null && right.histograms === null) {
    const value = left.values[place] ?? 0;
    const result = operationOf(operator)(value, right.values[place] ?? 0);
    if (!isFilter(binary)) return result;
    return result === 1 ? value : null;
  }
  const one = left.histograms?.[place] ?? null;
  const other = right.histograms?.[place] ?? null;
  if (one !== null && other !== null && (operator === "+" || operator === "-"))
    return one.times(1).add(other, operator === "+" ? 1 : -1);
  warn(`native histograms have no operator ${operator} there: they are left out`);
  return null;
}

async function joinSets(left: readonly Line[], right: readonly Line[], task: BinaryTask): Promise<readonly Line[]> {
  const { binary, length, pacer } = task;
  const { operator, matching } = binary;
  const lefts = groupBy(left, matching);
  const rights = groupBy(right, matching);
  const lines: Line[] = [];
  for (const [key, members] of operator === "or" ? rights : lefts) {
    await pacer.turn();
    const others = presenceOf((operator === "or" ? lefts : rights).get(key) ?? [], length);
    const keepsWhere = operator === "and" ? 1 : 0;
    for (const member of members) {
      pacer.spendPoints(length);
      lines.push({ ...member, present: member.present.map((one, i) => (others[i] === keepsWhere ? one : 0)) });
    }
  }
  return operator === "or" ? [...left, ...lines] : lines;
}

function presenceOf(lines: readonly Line[], length: number): Uint8Array {
  const any = new Uint8Array(length);
  for (const { present } of lines) for (let i = 0; i < length; i++) if (present[i] === 1) any[i] = 1;
  return any;
}
