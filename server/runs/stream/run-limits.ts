/** Times of the run engine, one sentence each, in milliseconds. */
export const RUN_LIMITS = {
  /** A lease not renewed for this long is dead: another worker takes the run. */
  leaseMs: 9000,
  /** The holder renews this often. */
  leaseRenewMs: 3000,
  /** Workers look this often for runs whose holder died. */
  reclaimMs: 2500,
  /** Text pieces of a model are written to the event log together this often. */
  deltaBatchMs: 40,
  /** The one poller of a process asks this often for new events of watched streams, as a net below the signal. */
  tailPollMs: 250,
  /** The same while the database itself tells of new events. */
  tailPollListeningMs: 2000,
  /** The holder of a lease looks this often for a stop command, as a net below the signal. */
  commandPollMs: 300,
  /** Answers to questions that one process writes at once, beside the runs: they wait for a model most of their time. */
  answersAtOnce: 8,
  /** Events sent at once to a reader that catches up. */
  tailBatch: 500,
  /** Pause before the second try of a failed step; each further one is four times as long, up to `stepRetryMaxMs`. */
  stepRetryMs: 1000,
  stepRetryMaxMs: 60_000,
  /** Longest wait for a limit of requests; then it is asked again, because the plan may have changed. */
  rateWaitMaxMs: 3_600_000,
  /** Verdicts that cannot be read are asked for this often in all. */
  verdictTries: 2,
} as const;
