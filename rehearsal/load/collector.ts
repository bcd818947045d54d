/** Receives what processes report about their jobs (lab/images: lib/ledger.rb). */
import { createSocket, type Socket } from "node:dgram";
import { INTERNET } from "../../lab/internet/addresses";
import type { Event, Unanswered } from "./accounting";

const PORT = 5140;

export class Collector {
  /** In order of arrival; all machines have the same clock. */
  readonly events: Event[] = [];
  readonly unanswered: Unanswered[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on("message", (message) => {
      const said = JSON.parse(message.toString()) as Event | Unanswered;
      if (said.event === "unanswered") this.unanswered.push(said);
      else this.events.push(said);
    });
  }

  static start(): Promise<Collector> {
    const socket = createSocket("udp4");
    const collector = new Collector(socket);
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(PORT, INTERNET.ledger, () => {
        // This process computes from time to time; reports that come meanwhile have to be buffered.
        socket.setRecvBufferSize(4 << 20);
        resolve(collector);
      });
    });
  }

  stop(): void {
    this.socket.close();
  }
}
