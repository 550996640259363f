import { type ErrorCode, WsightError } from "@wsight/protocol";
import type { Principal, SessionApi } from "./session-api.ts";

/** Answers that say nothing about a one-time code: it is tried again. */
const KEEP_CODE: readonly ErrorCode[] = ["INTERNAL", "RATE_LIMITED"];

/** What an {@link Identity} is made of. */
export interface IdentityParts {
  readonly api: SessionApi;
  /** Code of a one-time link to trade first, or `null`. */
  readonly code: string | null;
  /** The code was answered, whether taken or refused. */
  readonly codeSpent: () => void;
  /** The hub refused, or did not answer. */
  readonly fault: (error: WsightError) => void;
}

/** Finds out who is signed in, trading a one-time code first when there is one. */
export class Identity {
  readonly #parts: IdentityParts;
  #code: string | null;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
    this.#code = parts.code;
  }

  /** Who is signed in; `null` for nobody, `undefined` when the hub did not say. Never rejects. */
  async find(): Promise<Principal | null | undefined> {
    // An old link in a browser that is signed in already is no reason to turn it away.
    const traded = await this.#trade();
    return traded === null ? await this.#look() : traded;
  }

  /** The principal of the code, `null` when there is none to be had from it. */
  async #trade(): Promise<Principal | null | undefined> {
    if (this.#code === null) return null;
    const code = this.#code;
    let principal: Principal | null = null;
    try {
      principal = await this.#parts.api.open({ code });
    } catch (error) {
      const known = this.#report(error);
      if (KEEP_CODE.includes(known.code)) return undefined;
    }
    this.#code = null;
    this.#parts.codeSpent();
    return principal;
  }

  async #look(): Promise<Principal | null | undefined> {
    try {
      return await this.#parts.api.current();
    } catch (error) {
      // Signed in as somebody who may not look here is as good as nobody.
      return this.#report(error).code === "FORBIDDEN" ? null : undefined;
    }
  }

  #report(error: unknown): WsightError {
    const known =
      error instanceof WsightError ? error : new WsightError("INTERNAL", "session: no answer", { cause: error });
    this.#parts.fault(known);
    return known;
  }
}
