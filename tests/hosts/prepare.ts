/** Before the first test file: what all of them share, so that two of them do not make it at the same time. */
import { requireHostTools } from "../../lab/requirements";
import { docker } from "./lab";

export default async function prepare(): Promise<void> {
  await requireHostTools();
  await docker();
}
