// What the tutorial's steps do, as one Node server: verify the signature of each delivery, parse its events and make the
// rows of the sheet. It records nothing and prints nothing. Usage: node tutorial.js SECRET; prints its port.
const crypto = require("node:crypto");
const http = require("node:http");

const secret = process.argv[2];

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(pieces);
    const answer = (status, text) => {
      response.writeHead(status, {
        "Content-Type": "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(text),
      });
      response.end(text);
    };
    const header = request.headers["x-bz-event-notification-signature"];
    if (!header) return answer(401, "Missing signature header");
    const [version, signature] = header.split("=");
    if (version !== "v1") return answer(401, "Invalid signature version");
    const expected = crypto.createHmac("sha256", secret).update(body).digest("hex");
    if (signature !== expected) return answer(401, "Invalid signature");
    const rows = JSON.parse(body).events.map((event) => [
      new Date(event.eventTimestamp).toISOString(), event.eventType, event.objectName, event.objectSize,
      event.objectVersionId,
    ]);
    answer(200, rows.length > 0 ? "OK" : "No events");
  });
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
