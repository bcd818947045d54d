/** One thing that is wrong with a stack's configuration. */
export interface Problem {
  /** The setting as the stack file spells it, without the project's name: `main.size`, `workers[0].sidekiq`. */
  key: string;
  /** What is wrong and what to write instead, as a clause that follows the key. Never holds a secret. */
  message: string;
}
