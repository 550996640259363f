/** A client that answers at once, from memory: what is left is the pool and the cover. */
export class Memory {
  #listeners = new Map();
  _queryable = true;
  connect(done) {
    process.nextTick(done);
  }
  query(_text, values, done = values) {
    process.nextTick(done, null, { rows: [] });
  }
  end(done) {
    done?.();
  }
  on(name, listener) {
    this.#listeners.set(name, listener);
    return this;
  }
  once(name, listener) {
    return this.on(name, listener);
  }
  removeListener(name) {
    this.#listeners.delete(name);
    return this;
  }
  off(name) {
    return this.removeListener(name);
  }
}
