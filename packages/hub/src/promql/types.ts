import { type Binary, COMPARISONS, type Expression, SET_OPERATORS, type ValueType } from "./expression.ts";
import { FUNCTIONS } from "./functions.ts";
import { parseError } from "./promql-error.ts";

/** As Prometheus calls them in messages. */
const NAMES: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  string: "string",
  vector: "instant vector",
  matrix: "range vector",
};

/** What an expression comes to. */
export function typeOf(expression: Expression): ValueType {
  switch (expression.type) {
    case "selector":
      return expression.rangeMs === null ? "vector" : "matrix";
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "negate":
      return typeOf(expression.of);
    case "call":
      return FUNCTIONS[expression.name]?.gives ?? "vector";
    case "aggregate":
      return "vector";
    case "binary":
      return typeOf(expression.left) === "scalar" && typeOf(expression.right) === "scalar" ? "scalar" : "vector";
  }
}

/**
 * Says where an expression is not of the kind that is needed there.
 * @throws PromqlError `bad_data`
 */
export function checkTypes(query: string, expression: Expression): void {
  const need = (one: Expression, type: ValueType, where: string): void => {
    if (typeOf(one) !== type)
      throw parseError(query, one.at, `expected type ${NAMES[type]} in ${where}, got ${NAMES[typeOf(one)]}`);
  };

  function check(one: Expression): void {
    if (one.type === "negate") {
      if (!["scalar", "vector"].includes(typeOf(one.of))) {
        const got = NAMES[typeOf(one.of)];
        throw parseError(
          query,
          one.at,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${got}"`,
        );
      }
      check(one.of);
    } else if (one.type === "call") checkCall(one.name, one.arguments, one.at);
    else if (one.type === "aggregate") {
      if (one.parameter !== null) need(one.parameter, "scalar", "aggregation parameter");
      need(one.of, "vector", "aggregation expression");
      if (one.parameter !== null) check(one.parameter);
      check(one.of);
    } else if (one.type === "binary") checkBinary(one);
  }

  function checkCall(name: string, given: readonly Expression[], at: number): void {
    const { takes = [], least = takes.length } = FUNCTIONS[name] ?? {};
    if (given.length < least || given.length > takes.length) {
      const expected = least === takes.length ? `${least}` : `${least} to ${takes.length}`;
      throw parseError(query, at, `expected ${expected} argument(s) in call to "${name}", got ${given.length}`);
    }
    for (const [i, one] of given.entries()) {
      need(one, takes[i] ?? "vector", `call to function "${name}"`);
      check(one);
    }
  }

  function checkBinary({ at, left, right, operator, isBool }: Binary): void {
    const types = [typeOf(left), typeOf(right)];
    if (types.some((type) => type === "matrix" || type === "string"))
      throw parseError(query, at, "binary expression must contain only scalar and instant vector types");
    const isScalar = types.every((type) => type === "scalar");
    if (isScalar && !isBool && (COMPARISONS as readonly string[]).includes(operator))
      throw parseError(query, at, "comparisons between scalars must use BOOL modifier");
    if (types.includes("scalar") && (SET_OPERATORS as readonly string[]).includes(operator))
      throw parseError(query, at, `set operator "${operator}" not allowed in binary scalar expression`);
    check(left);
    check(right);
  }

  check(expression);
}
