/** Marks a message that has been answered. */
const DONE = -1;
/** Answered messages that are kept before their memory is used again. */
const COMPACT_FROM = 16;

/**
 * Messages of one connection that wait for their answers. Numbers go up by
 * one, so that a message is found by its place.
 */
export class Pending {
  /** Messages that wait. */
  waiting = 0;
  /** Of the message that {@link take} found: when it was meant to leave and when it did, ms. */
  meantAt = 0;
  sentAt = 0;
  #first = 0;
  #head = 0;
  #meant: number[] = [];
  #sent: number[] = [];

  /** Number of the next message. */
  get next(): number {
    return this.#first + this.#meant.length;
  }

  /** Number of the oldest message that may still wait. */
  get oldest(): number {
    return this.#first + this.#head;
  }

  /** The message of number {@link next} waits from now on. */
  add(meantAt: number, sentAt: number): void {
    this.#meant.push(meantAt);
    this.#sent.push(sentAt);
    this.waiting++;
  }

  /** Finds a message that waits, which then waits no more. False for one that was given up, or is not known. */
  take(number: number): boolean {
    const place = number - this.#first;
    if (place < this.#head || place >= this.#meant.length) return false;
    const sentAt = this.#sent[place] as number;
    if (sentAt === DONE) return false;
    this.sentAt = sentAt;
    this.meantAt = this.#meant[place] as number;
    this.#sent[place] = DONE;
    this.waiting--;
    if (place === this.#head) this.#advance();
    return true;
  }

  /** Gives up messages that were sent before `time`; returns how many. */
  expire(time: number): number {
    let lost = 0;
    while (this.#head < this.#sent.length && (this.#sent[this.#head] as number) < time) {
      if (this.#sent[this.#head] !== DONE) lost++;
      this.#head++;
    }
    this.waiting -= lost;
    this.#compact();
    return lost;
  }

  #advance(): void {
    while (this.#head < this.#sent.length && this.#sent[this.#head] === DONE) this.#head++;
    this.#compact();
  }

  #compact(): void {
    if (this.#head < COMPACT_FROM || this.#head * 2 < this.#sent.length) return;
    this.#first += this.#head;
    this.#meant.splice(0, this.#head);
    this.#sent.splice(0, this.#head);
    this.#head = 0;
  }
}
