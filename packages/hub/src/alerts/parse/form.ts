import { asFields, describe, type Fields, WsightError } from "@wsight/protocol";

const CODE = "BAD_REQUEST";
/** Most fields that one answer finds fault with. */
const MAX_FAULTS = 50;

/** Reads one value or throws; `where` is for its message. */
export type Read<T> = (where: string, value: unknown) => T;

/**
 * Reads an object that came from outside, field by field, and finds fault with all of them at once. What could not be
 * read gives its fallback, so that reading goes on; {@link Form.finish} then throws.
 */
export class Form {
  readonly #fields: Fields;
  readonly #path: string;
  readonly #faults: Map<string, string>;

  private constructor(fields: Fields, path: string, faults: Map<string, string>) {
    this.#fields = fields;
    this.#path = path;
    this.#faults = faults;
  }

  /**
   * Opens the body of a request.
   * @param names every field there may be; others are found fault with
   * @throws WsightError `BAD_REQUEST` for what is no object
   */
  static open(what: string, value: unknown, names: readonly string[]): Form {
    const form = new Form(asFields(CODE, what, value), "", new Map());
    form.#refuseOthers(names);
    return form;
  }

  /** An object within this one, its faults told with these; one without fields for what is none. */
  within(name: string, value: unknown, names: readonly string[]): Form {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) this.fail(name, `expected an object, got ${describe(value)}`);
    const form = new Form(isObject ? (value as Fields) : {}, this.#pathOf(name), this.#faults);
    form.#refuseOthers(names);
    return form;
  }

  /** True when the field is there. */
  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name) && this.#fields[name] !== undefined;
  }

  /** The field as it came. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  /** The field, or the fallback where it is left out. */
  optional<T>(name: string, read: Read<T>, fallback: T): T {
    return this.has(name) ? this.check(name, this.raw(name), read, fallback) : fallback;
  }

  /** The field, which must be there. @param standIn what is gone on with when it is not right */
  required<T>(name: string, read: Read<T>, standIn: T): T {
    if (this.has(name)) return this.check(name, this.raw(name), read, standIn);
    this.fail(name, "expected a value, got none");
    return standIn;
  }

  /** Reads any value under a name of this object. */
  check<T>(name: string, value: unknown, read: Read<T>, standIn: T): T {
    try {
      return read(name, value);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.fail(name, message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message);
      return standIn;
    }
  }

  /** A list, each item read under `name[i]`; what is no list, or too long, is found fault with and gives an empty one. */
  list<T>(name: string, value: unknown, max: number, read: (name: string, item: unknown) => T): readonly T[] {
    if (!Array.isArray(value)) {
      this.fail(name, `expected an array, got ${describe(value)}`);
      return [];
    }
    if (value.length > max) {
      this.fail(name, `expected at most ${max} items, got ${value.length}`);
      return [];
    }
    return value.map((item, i) => read(`${name}[${i}]`, item));
  }

  /** Finds fault with a field; of several faults of one field the first is told. */
  fail(name: string, message: string): void {
    const path = this.#pathOf(name);
    if (!this.#faults.has(path) && this.#faults.size < MAX_FAULTS) this.#faults.set(path, message);
  }

  /** True when the field, or anything in it, was found fault with. */
  hasFault(name: string): boolean {
    const path = this.#pathOf(name);
    return [...this.#faults.keys()].some(
      (one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[`),
    );
  }

  /** @throws WsightError `BAD_REQUEST` with `details.fields`, when anything was found fault with */
  finish(what: string): void {
    if (this.#faults.size === 0) return;
    const fields = Object.fromEntries(this.#faults);
    const told = [...this.#faults].slice(0, 3).map(([name, message]) => `${name}: ${message}`);
    const more = this.#faults.size > told.length ? `; and ${this.#faults.size - told.length} more` : "";
    throw new WsightError(CODE, `${what}: ${told.join("; ")}${more}`, { details: { fields } });
  }

  #pathOf(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  #refuseOthers(names: readonly string[]): void {
    for (const name of Object.keys(this.#fields)) {
      if (!names.includes(name)) this.fail(name.slice(0, 60), `expected no such field; there are ${names.join(", ")}`);
    }
  }
}
