/** How many messages back an echo is looked for. */
const LOOK_BACK = 64;
/** Answered messages that are kept before their memory is used again. */
const COMPACT_FROM = 16;

/**
 * Messages whose answers do not say what they answer, oldest first. Without
 * texts any answer belongs to the oldest; with texts it belongs to the message
 * of the same text.
 */
export class WaitingMessages {
  #numbers: number[] = [];
  #texts: string[] = [];
  #head = 0;

  /** Waits for an answer to a message. Give `text` always or never. */
  add(number: number, text?: string): void {
    this.#numbers.push(number);
    if (text !== undefined) this.#texts.push(text);
  }

  /** The message that the next answer belongs to, no longer waiting; -1 when there is none. */
  take(): number {
    return this.#head < this.#numbers.length ? this.#remove(this.#head) : -1;
  }

  /** The message with this text, no longer waiting; -1 when there is none among the oldest. */
  takeText(text: string): number {
    const end = Math.min(this.#numbers.length, this.#head + LOOK_BACK);
    for (let i = this.#head; i < end; i++) if (this.#texts[i] === text) return this.#remove(i);
    return -1;
  }

  /** Stops waiting for messages before `number`. */
  forget(number: number): void {
    while (this.#head < this.#numbers.length && (this.#numbers[this.#head] as number) < number)
      this.#remove(this.#head);
  }

  #remove(index: number): number {
    const number = this.#numbers[index] as number;
    if (index > this.#head) {
      this.#numbers.splice(index, 1);
      this.#texts.splice(index, 1);
      return number;
    }
    this.#head++;
    if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#numbers.length) {
      this.#numbers.splice(0, this.#head);
      this.#texts.splice(0, this.#head);
      this.#head = 0;
    }
    return number;
  }
}
