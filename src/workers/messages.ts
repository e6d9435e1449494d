/** What a worker says to the process that keeps it. `ask` stands in the answer again. */
export type FromWorker =
  /** It begins, and wants to know whether others serve already. */
  | { kind: 'starting'; ask: string }
  /** It has loaded what it needs. */
  | { kind: 'serving' }
  /** It wants the figures of all workers. */
  | { kind: 'figures'; ask: string }
  /** It has written: the others shall read the log, and it wants to know when they have. */
  | { kind: 'written'; ask: string }
  /** It has read the log as it was told to. */
  | { kind: 'caught_up'; ask: string };

/** What that process says to a worker. */
export type ToWorker =
  /**
   * @param text to `starting` any text: yes, others serve; null: none does. To `figures` text of Prometheus; null: not all workers
   * answered.
   */
  { kind: 'answer'; ask: string; text: string | null } | { kind: 'catch_up'; ask: string };
