import { type AlertCondition, type AlertExpression, type AlertRule, type Labels, WsightError } from "@wsight/protocol";
import type { FiringView } from "../observation.ts";
import { type Figure, type FigureRow, keyOf } from "./figure.ts";
import { type Figures, labelsOf } from "./figures.ts";
import { isBeyond } from "./judge.ts";
import { SeenList, type Watch } from "./watch.ts";

/** True, false, or not known. */
type Truth = boolean | null;

/** What the parts of an expression are asked about. */
interface Asked {
  readonly labels: Labels;
  readonly second: number;
  readonly firing: FiringView;
}

type Part = (asked: Asked) => Truth;

/**
 * Several conditions at once. What is not known stays so unless the rest
 * decides it: a condition without a value makes neither `all` true nor `any` false.
 */
export function openComposite(rule: AlertRule, figures: Figures): Watch {
  const { expression, groupBy, severity } = rule;
  if (expression === null)
    throw new WsightError("BAD_REQUEST", "expression: expected one for a composite rule, got null");
  const leaves: Leaf[] = [];
  const holds = compile(expression, (condition) => {
    const leaf = new Leaf(condition, rule, figures);
    leaves.push(leaf);
    return leaf;
  });
  const whole = leaves.filter(({ figure }) => figure.by.length === groupBy.length);
  if (whole.length === 0) {
    const what = groupBy.length === 0 ? "at least one figure" : `a figure with all of ${groupBy.join(", ")}`;
    throw new WsightError("BAD_REQUEST", `expression: expected ${what}, got none`);
  }
  return {
    observe(second, firing) {
      const list = new SeenList();
      const met = new Set<string>();
      for (const { figure } of whole) {
        for (const { key, labels, value } of figure.rows(second)) {
          if (value !== value || met.has(key)) continue;
          met.add(key);
          const truth = holds({ labels, second, firing });
          if (truth === null || !list.hasRoom()) continue;
          const level = truth ? severity : null;
          list.seen.push({ labels, value: Number(truth), samples: 1, level, good: !truth, limit: null });
        }
      }
      return list;
    },
    groups: (labels) => whole.flatMap(({ figure }) => figure.groups(keyOf(labels, figure.by))),
  };
}

function compile(expression: AlertExpression, leafOf: (condition: AlertCondition) => Leaf): Part {
  if ("when" in expression) {
    const leaf = leafOf(expression.when);
    return (asked) => leaf.holds(asked);
  }
  if ("rule" in expression) return ({ labels, firing }) => firing.fires(expression.rule, labels);
  if ("not" in expression) {
    const part = compile(expression.not, leafOf);
    return (asked) => {
      const truth = part(asked);
      return truth === null ? null : !truth;
    };
  }
  const decisive = "any" in expression;
  const parts = ("any" in expression ? expression.any : expression.all).map((one) => compile(one, leafOf));
  return (asked) => {
    let unknown = false;
    for (const part of parts) {
      const truth = part(asked);
      if (truth === decisive) return decisive;
      unknown ||= truth === null;
    }
    return unknown ? null : !decisive;
  };
}

/** One condition, in as many of the rule's groups as its figure has labels for. */
class Leaf {
  readonly figure: Figure;
  readonly #condition: AlertCondition;
  readonly #minSamples: number;
  #rows: readonly FigureRow[] = [];
  #byKey: ReadonlyMap<string, FigureRow> = new Map();

  constructor(condition: AlertCondition, { groupBy, minSamples }: AlertRule, figures: Figures) {
    this.#condition = condition;
    this.#minSamples = minSamples;
    const known = labelsOf(condition.metric);
    this.figure = figures.open(
      condition,
      groupBy.filter((label) => known.includes(label)),
    );
  }

  holds({ labels, second }: Asked): Truth {
    const rows = this.figure.rows(second);
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#byKey = new Map(rows.map((row) => [row.key, row]));
    }
    const row = this.#byKey.get(keyOf(labels, this.figure.by));
    if (row === undefined || row.value !== row.value) return null;
    const { op, limit } = this.#condition;
    return row.samples >= this.#minSamples && isBeyond(op, row.value, limit);
  }
}
