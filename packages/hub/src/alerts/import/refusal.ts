/** Something that a rule says and that can't be said here; its message is for people. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
