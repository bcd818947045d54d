// People who open a page, one a second: each asks streaming for a WebSocket and goes when it is there. One JSON object a line says
// what became of each. One more stays, and comes back when its connection ends.
//
// On stdin the order: {"library", "address", "name", "token"}; ends when stdin closes.
const { createInterface } = require("node:readline");

createInterface(process.stdin)
  .once("line", (line) => start(JSON.parse(line)))
  .once("close", () => process.exit(0));

function start({ library, address, name, token }) {
  const WebSocket = require(library);
  const open = () =>
    new WebSocket(`wss://${address}/api/v1/streaming?stream=public&access_token=${token}`, {
      servername: name,
      headers: { Host: name },
      rejectUnauthorized: false,
      handshakeTimeout: 5000,
    });

  setInterval(() => {
    const sent = Date.now();
    let told = false;
    const tell = (problem) => {
      if (!told) console.log(JSON.stringify({ sent, answered: Date.now(), ok: problem === null, problem }));
      told = true;
    };
    const socket = open();
    socket.once("open", () => {
      tell(null);
      socket.close();
    });
    socket.on("error", (error) => tell(error.message));
  }, 1000);

  const stay = () => {
    const socket = open();
    socket.on("error", () => undefined);
    socket.once("close", () => setTimeout(stay, 1000));
  };
  stay();
}
