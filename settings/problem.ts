/** Something in the stack file that must change before anything is created. */
export interface Problem {
  /** Where it is set in the stack file, for example "main.sidekiq[0]". */
  key: string;
  /** What is wrong and what to write instead, as a clause that follows the key. */
  message: string;
}
